using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>
/// One node. SIGTERM and SIGINT stop it: no new connections, requests in flight are answered, partitions finish their writes, the store
/// syncs. A node that cannot run ends with one line on standard error: exit code 2 for a bad option, 1 for a store or an address that is
/// not available.
/// </summary>
internal static partial class Program
{
    private static Task<int> Main(string[] args) => NodeCommand.InvokeAsync(args, RunAsync);

    private static async Task<int> RunAsync(IReadOnlyDictionary<string, string> arguments)
    {
        try
        {
            var options = NodeConfiguration.Bind(arguments, Environment.GetEnvironmentVariable, "appsettings.json");
            await using var app = LoireHost.Build(options);
            await app.StartAsync();
            var addresses = string.Join(", ", app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses);
            var store = options.Storage == StoreKind.File ? Path.GetFullPath(options.Data) : $"Azure container {options.AzureContainer}";
            LogStarted(app.Logger, NodeCommand.Version, addresses, store);
            await app.WaitForShutdownAsync();
            LogStopped(app.Logger);
            return 0;
        }
        catch (OptionsValidationException exception) when (exception.OptionsType == typeof(NodeOptions))
        {
            Console.Error.WriteLine(exception.Message);
            return NodeCommand.UsageExitCode;
        }
        catch (Exception exception) when (Reason(exception) is { } reason)
        {
            Console.Error.WriteLine($"The node cannot run: {reason}");
            return 1;
        }
    }

    // A refusal of the environment is one line; a bug of ours keeps its stack.
    private static string? Reason(Exception exception) => exception switch
    {
        IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException or OptionsValidationException =>
            exception.Message.Split('\n')[0],
        Azure.RequestFailedException => $"Azure Blob Storage answered: {exception.Message.Split('\n')[0]}",
        { InnerException: { } inner } => Reason(inner),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Loire {Version} listens on {Addresses}, data in {Store}.")]
    private static partial void LogStarted(ILogger logger, string version, string addresses, string store);

    [LoggerMessage(Level = LogLevel.Information, Message = "Loire has stopped; everything that was acknowledged is stored.")]
    private static partial void LogStopped(ILogger logger);
}
