using Loire.Grains.Brokers;
using Loire.Silo.Clustering;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Loire.Silo;

/// <summary>
/// Runs one node. SIGTERM and SIGINT stop it: it accepts no new connections, answers requests in flight, lets partitions finish their
/// writes and syncs the store. If that takes longer than <see cref="StopBound.Default"/>, or the node cannot run, it prints one line to standard
/// error and exits with code 2 for an invalid option, 1 otherwise.
/// </summary>
internal static partial class Program
{
    private const int FailedExitCode = 1;
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(5);

    private static Task<int> Main(string[] args) => NodeCommand.InvokeAsync(args, RunAsync);

    private static async Task<int> RunAsync(IReadOnlyDictionary<string, string> arguments)
    {
        try
        {
            var options = NodeConfiguration.Bind(
                arguments, Environment.GetEnvironmentVariable, "appsettings.json", new ConfigurationBuilder().AddEnvironmentVariables().Build());
            NodeMemory.LimitHeap(options);
            var stopped = CancellationToken.None;
            await using var app = LoireHost.Build(options, builder => builder.Services.PostConfigure<LoggerFilterOptions>(filters =>
            {
                // Other silos may send a last message while this process ends. Orleans logs with a stack trace that the services to read it are gone.
                filters.Rules.Add(new LoggerFilterRule(
                    null, "Orleans.Runtime.Messaging.Connection", LogLevel.Warning, (_, _, _) => !stopped.IsCancellationRequested));
            }));
            stopped = app.Lifetime.ApplicationStopped;
            await using var stopping = app.Lifetime.ApplicationStopping.Register(
                static () => StopBound.Begin(StopBound.Default, static reason => HardExit.With(FailedExitCode, reason)));
            await StartAsync(app);
            var (http, kafka) = LoireHost.AddressesOf(app, options);
            var addresses = string.Join(", ", kafka.Count == 0 ? http : [.. http, $"{string.Join(", ", kafka)} for Kafka's clients"]);
            var store = options.Storage == StoreKind.File ? Path.GetFullPath(options.Data) : $"Azure container {options.AzureContainer}";
            LogStarted(app.Logger, NodeCommand.Version, addresses, store, http[0]);
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
            return FailedExitCode;
        }
    }

    // A node that could not start has joined its cluster as a rule: it leaves first, so that no other silo reaches one whose services are gone.
    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch
        {
            try
            {
                using var leaving = new CancellationTokenSource(LeaveTime);
                await app.StopAsync(leaving.Token);
            }
            catch (Exception stop)
            {
                LogNotLeft(app.Logger, stop.Message);
            }

            throw;
        }
    }

    // A problem in the environment is reported in one line; an unexpected exception keeps its stack trace.
    private static string? Reason(Exception exception) => exception switch
    {
        BrokerRefusedException => exception.Message,
        IOException { InnerException: AddressInUseException } =>
            $"{exception.Message.Split('\n')[0]} --urls and --kafka choose other ports, --kafka none leaves out Kafka's protocol.",
        IOException or InvalidDataException or UnauthorizedAccessException or System.Net.Sockets.SocketException or OptionsValidationException =>
            exception.Message.Split('\n')[0],
        NpgsqlException failure => $"the membership table in PostgreSQL is not available: {PostgresSchema.Describe(failure)}",
        Azure.Identity.AuthenticationFailedException => $"the environment grants no identity for Azure Storage: {exception.Message.Split('\n')[0]}",
        Azure.RequestFailedException => $"Azure Blob Storage answered: {exception.Message.Split('\n')[0]}",
        { InnerException: { } inner } => Reason(inner),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Loire {Version} listens on {Addresses}, data in {Store}. Try: curl {Url}/v1/brokers")]
    private static partial void LogStarted(ILogger logger, string version, string addresses, string store, string url);

    [LoggerMessage(Level = LogLevel.Debug, Message = "What had started before the node failed could not be stopped: {Reason}")]
    private static partial void LogNotLeft(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Loire has stopped; everything that was acknowledged is stored.")]
    private static partial void LogStopped(ILogger logger);
}
