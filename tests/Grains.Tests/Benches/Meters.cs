using System.Diagnostics.Metrics;

namespace Loire.Grains.Tests.Benches;

/// <summary>Meters of one test.</summary>
internal sealed class Meters : IMeterFactory
{
    public List<Meter> Made { get; } = [];

    public Meter Create(MeterOptions options)
    {
        Made.Add(new Meter(options));
        return Made[^1];
    }

    public void Dispose() => Made.ForEach(meter => meter.Dispose());
}
