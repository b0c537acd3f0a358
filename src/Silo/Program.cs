using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Loire.Silo;

/// <summary>
/// One node. SIGTERM and SIGINT stop it: no new connections, requests in flight are answered, partitions finish their writes, the store syncs. What cannot
/// work ends it with one line on standard error: exit code 2 for a bad option, 1 for a store or an address that cannot be had.
/// </summary>
internal static partial class Program
{
    private static readonly string Version =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private static async Task<int> Main(string[] args)
    {
        if (args.Any(arg => arg is "--help" or "-h" or "--version"))
        {
            Console.Out.Write(args.Contains("--version") ? $"Loire {Version}\n" : NodeSettings.Help());
            return 0;
        }

        if (NodeSettings.TryRead(args, Environment.GetEnvironmentVariable, "appsettings.json", out var options) is { } problem)
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        try
        {
            await using var app = LoireHost.Build(options);
            await app.StartAsync();
            var addresses = string.Join(", ", app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses);
            var store = options.Storage == StoreKind.File ? Path.GetFullPath(options.Data) : $"Azure container {options.AzureContainer}";
            LogStarted(app.Logger, Version, addresses, store);
            await app.WaitForShutdownAsync();
            LogStopped(app.Logger);
            return 0;
        }
        catch (Exception exception) when (Reason(exception) is { } reason)
        {
            Console.Error.WriteLine($"The node cannot run: {reason}");
            return 1;
        }
    }

    // What the machine refuses is said in a line; a bug of ours keeps its stack.
    private static string? Reason(Exception exception) => exception switch
    {
        IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException => exception.Message.Split('\n')[0],
        Azure.RequestFailedException => $"Azure Blob Storage answered: {exception.Message.Split('\n')[0]}",
        Microsoft.Extensions.Options.OptionsValidationException => exception.Message.Split('\n')[0],
        { InnerException: { } inner } => Reason(inner),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Loire {Version} listens on {Addresses}, data in {Store}.")]
    private static partial void LogStarted(ILogger logger, string version, string addresses, string store);

    [LoggerMessage(Level = LogLevel.Information, Message = "Loire has stopped; everything that was acknowledged is stored.")]
    private static partial void LogStopped(ILogger logger);
}
