using System.Diagnostics.Metrics;

namespace Loire.Grains.Placement;

/// <summary>The instruments of placement, in the meter <see cref="MeterName"/>.</summary>
internal sealed class PlacementMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Grains";

    private readonly Counter<long> _moves;
    private volatile int _misplaced;

    public PlacementMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _moves = meter.CreateCounter<long>(
            "loire.placement.moves", "{move}", "Grains that were moved to another broker, by loire.reason: drain or leader.");
        meter.CreateObservableUpDownCounter(
            "loire.placement.misplaced", () => _misplaced, "{partition}", "Open partitions that another broker should lead, at the last look.");
    }

    /// <summary>How many partitions another broker should lead.</summary>
    public int Misplaced
    {
        set => _misplaced = value;
    }

    /// <summary>Counts a move.</summary>
    public void Moved(string reason) => _moves.Add(1, new KeyValuePair<string, object?>("loire.reason", reason));
}
