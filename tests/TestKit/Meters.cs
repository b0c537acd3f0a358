using System.Diagnostics.Metrics;

namespace Loire.TestKit;

/// <summary>The meters of one test, so that its listener is isolated from other tests in the process.</summary>
public sealed class Meters : IMeterFactory
{
    /// <summary>The meters that were created.</summary>
    public List<Meter> Made { get; } = [];

    /// <inheritdoc/>
    public Meter Create(MeterOptions options)
    {
        Made.Add(new Meter(options));
        return Made[^1];
    }

    /// <inheritdoc/>
    public void Dispose() => Made.ForEach(meter => meter.Dispose());
}
