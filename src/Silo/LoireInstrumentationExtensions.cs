using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Loire.Silo;

/// <summary>Subscribes an OpenTelemetry pipeline to a node's meters and traces. The caller adds the exporters.</summary>
public static class LoireInstrumentationExtensions
{
    /// <summary>Adds the meters of Loire, Orleans, ASP.NET's server and the runtime.</summary>
    public static MeterProviderBuilder AddLoireInstrumentation(this MeterProviderBuilder metrics) => metrics.AddMeter(
        "Loire.*", "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime");

    /// <summary>
    /// Adds the spans of Loire, of ASP.NET's requests and of grain calls, which have spans only with
    /// <see cref="NodeOptions.PropagateTraces"/>.
    /// </summary>
    public static TracerProviderBuilder AddLoireInstrumentation(this TracerProviderBuilder traces) =>
        traces.AddAspNetCoreInstrumentation().AddSource("Loire.*", "Microsoft.Orleans.Application");
}
