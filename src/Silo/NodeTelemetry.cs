using System.Collections;
using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Loire.Silo;

/// <summary>
/// The telemetry of a node that runs as its own process: metrics for Prometheus and, with an OTLP endpoint, metrics and traces for a
/// collector. Without an endpoint, nothing is sent and no spans are created.
/// </summary>
internal static class NodeTelemetry
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    // Further attribute combinations share one series, so that topic names cannot exhaust memory.
    private const int MaxSeriesPerMetric = 1_000;

    public static void Add(WebApplicationBuilder builder, NodeOptions options)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("loire", serviceVersion: NodeCommand.Version))
            .WithMetrics(metrics => metrics
                .AddLoireInstrumentation()
                .AddPrometheusExporter(prometheus => prometheus.ScrapeResponseCacheDurationMilliseconds = 0));
        builder.Services.ConfigureOpenTelemetryMeterProvider((services, metrics) =>
        {
            var meters = services.GetRequiredService<IMeterFactory>();
            metrics.AddView(instrument => IsForeign(instrument, meters)
                ? MetricStreamConfiguration.Drop
                : new MetricStreamConfiguration { CardinalityLimit = MaxSeriesPerMetric });
        });
        if (options.OtlpEndpoint is { } endpoint)
        {
            AddStandardVariables(builder.Configuration);
            builder.Configuration[EndpointVariable] = endpoint.AbsoluteUri;
            telemetry.WithMetrics(metrics => metrics.AddOtlpExporter())
                .WithTracing(traces => traces.AddLoireInstrumentation().AddOtlpExporter());
        }
    }

    // A meter of another host in the same process has that host's factory as its scope.
    private static bool IsForeign(Instrument instrument, IMeterFactory meters) => instrument.Meter.Scope is { } scope && scope != meters;

    // OpenTelemetry reads protocol, headers, sampler and similar settings from the host's configuration, which is otherwise empty.
    private static void AddStandardVariables(IConfigurationBuilder configuration) => configuration.AddInMemoryCollection(
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value)));
}
