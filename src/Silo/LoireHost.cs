using System.Net;
using Loire.Kafka.Hosting;
using Loire.Kafka.Requests;
using Loire.Silo.Clustering;
using Loire.WebApi.Hosting;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using Orleans.Dashboard;

namespace Loire.Silo;

/// <summary>
/// Composes a node: one silo with its grains, a store, and the HTTP API in front of them.
/// </summary>
public static class LoireHost
{
    // Covers in-flight requests, partitions and the store's last sync; systemd kills after 90 seconds, Kubernetes after 30.
    internal static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(25);

    /// <summary>Builds a node without starting it. Its HTTP server stops before its silo does, and the silo before the store.</summary>
    /// <param name="options">The node's options; validated here.</param>
    /// <param name="configure">Changes the registrations; for tests.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An option is invalid; the message names it.</exception>
    public static WebApplication Build(NodeOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        // An empty builder, so that no other configuration source can move a listener off the loopback address.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Loire" });
        AddLogging(builder.Logging, options);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (var endpoint in options.Endpoints)
            {
                kestrel.Listen(endpoint);
            }

            foreach (var endpoint in options.Http2Endpoints)
            {
                kestrel.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http2);
            }

            for (var i = 0; i < options.KafkaEndpoints.Count; i++)
            {
                kestrel.ListenForKafka(options.KafkaEndpoints[i], i < options.KafkaAdvertised.Count ? options.KafkaAdvertised[i] : null);
            }
        });
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IFatalErrorHandler, ExitOnFatalError>();
        NodeEdge.Add(builder.Services, options);
        builder.AddLoireNode(options);
        if (options.KafkaEndpoints.Count > 0)
        {
            builder.Services.AddKafkaEndpoint(kafka =>
            {
                kafka.NodeId = options.NodeId;
                kafka.CreatesTopics = options.AutoCreateTopics;
                kafka.PartitionsCount = options.NumPartitions;
            });
            builder.Services.AddSingleton(services => new KafkaApiList(
                [.. services.GetRequiredService<ServedApis>().All.Select(api => new KafkaApiJson((short)api.Api.Key, api.Api.Name, api.MinVersion, api.MaxVersion))]));
        }

        NodeTelemetry.Add(builder, options);
        configure?.Invoke(builder);
        var app = builder.Build();
        NodeEdge.Use(app, options);
        app.MapLoireApi();
        app.MapPrometheusScrapingEndpoint("/metrics");
        if (options.OrleansDashboard)
        {
            // By name too: a page of a stranger may make a browser look up its own name as this machine.
            app.MapOrleansDashboard("orleans").AddEndpointFilter(async (call, next) =>
                IsThisMachine(call.HttpContext.Request.Host.Host) ? await next(call) : Results.NotFound());
        }

        return app;
    }

    /// <summary>The addresses of a node that has started: first those of the HTTP API, then those for Kafka's clients, each with its port.</summary>
    public static (IReadOnlyList<string> Http, IReadOnlyList<string> Kafka) AddressesOf(WebApplication node, NodeOptions options) =>
        AddressesOf(node.Services, options);

    /// <inheritdoc cref="AddressesOf(WebApplication, NodeOptions)"/>
    internal static (IReadOnlyList<string> Http, IReadOnlyList<string> Kafka) AddressesOf(IServiceProvider node, NodeOptions options)
    {
        var addresses = node.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;

        // The server lists them in the order in which it was told of them, and knows only of HTTP.
        var http = options.Endpoints.Count + options.Http2Endpoints.Count;
        return ([.. addresses.Take(http)], [.. addresses.Skip(http).Select(address => new Uri(address).Authority)]);
    }

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static void AddLogging(ILoggingBuilder logging, NodeOptions options)
    {
        logging.SetMinimumLevel(options.LogLevel);

        // Below warning level, frameworks log their own activity: only for operators who ask for details.
        var frameworks = options.LogLevel is LogLevel.Information ? LogLevel.Warning : options.LogLevel;
        foreach (var framework in new[] { "Microsoft", "Orleans", "System" })
        {
            logging.AddFilter(framework, frameworks);
        }

        // Program reports a failed start, in one line.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
            .AddFilter("Orleans.Runtime.SiloLifecycleSubject", LogLevel.None)
            .AddFilter("Orleans.Runtime.Silo", LogLevel.None);
        if (options.JsonLogs)
        {
            logging.AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }
        else
        {
            logging.AddSimpleConsole(text =>
            {
                text.UseUtcTimestamp = true;
                text.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
                text.SingleLine = true;
                text.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
    }
}
