using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Operations;

/// <summary>
/// Listens to our own meters and to those of the server and the runtime, and keeps their sums for <c>/metrics</c> in Prometheus' text format 0.0.4.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly string[] ForeignMeters =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Microsoft.Orleans",
    ];

    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();
    private readonly MeterListener _listener = new();

    public PrometheusExporter(IOptions<LoireApiOptions> options, IMeterFactory meters)
    {
        var maxSeries = options.Value.MaxSeriesPerMetric;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // A meter of another host in this process has that host's factory as its scope.
            if (instrument.Meter.Scope is not null && instrument.Meter.Scope != meters)
            {
                return;
            }

            if (instrument.Meter.Name.StartsWith("Loire.", StringComparison.Ordinal) || ForeignMeters.Contains(instrument.Meter.Name))
            {
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, made => new MetricFamily(made, maxSeries)));
            }
        };
        _listener.MeasurementsCompleted = (instrument, _) => _families.TryRemove(instrument, out MetricFamily? _);
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, family) => ((MetricFamily)family!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Every metric at this moment.</summary>
    public string Render()
    {
        _listener.RecordObservableInstruments();
        using var text = new StringWriter();
        // A meter may be made twice under one name; a family may be written only once.
        foreach (var family in _families.Values.GroupBy(family => family.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            family.First().Write(text);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();
}
