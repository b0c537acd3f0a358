using System.Diagnostics.Metrics;

namespace Loire.Grains.Benchmarks;

/// <summary>What the instruments of partitions say about compaction since this was created.</summary>
internal sealed class CompactionProgress : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _sums = [];
    private bool _hasBegun;

    public CompactionProgress()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("loire.log.compaction", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            lock (_sums)
            {
                _sums[instrument.Name] = _sums.GetValueOrDefault(instrument.Name) + value;
                _hasBegun |= instrument.Name == "loire.log.compactions";
            }
        });
        _listener.Start();
    }

    /// <summary>Whether a pass has begun, and none is under way.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_sums)
            {
                return _hasBegun && _sums["loire.log.compactions"] == 0;
            }
        }
    }

    public long Removed => Sum("records");

    public long Read => Sum("read.size");

    public long Written => Sum("write.size");

    public void Dispose() => _listener.Dispose();

    private long Sum(string name)
    {
        lock (_sums)
        {
            return _sums.GetValueOrDefault($"loire.log.compaction.{name}");
        }
    }
}
