using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Loire.Model;

namespace Loire.Grains.Transactions;

/// <summary>
/// The instruments of the transactions that the coordinators of one silo look after, in the meter <see cref="MeterName"/>. They carry no
/// transactional id, which bounds their series. Thread-safe.
/// </summary>
public sealed class TransactionMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Grains";

    private readonly ConcurrentDictionary<object, Timestamp> _open = new();
    private readonly Counter<long> _commits;
    private readonly Counter<long> _aborts;
    private readonly Counter<long> _timeouts;

    /// <summary>Creates the instruments of one silo.</summary>
    public TransactionMetrics(IMeterFactory meters, TimeProvider time)
        : this(meters.Create(MeterName), () => Timestamp.From(time.GetUtcNow()))
    {
    }

    private TransactionMetrics(Meter meter, Func<Timestamp> now)
    {
        meter.CreateObservableUpDownCounter(
            "loire.transactions.open", () => (long)_open.Count, "{transaction}", "Open transactions of the coordinators that are active on this silo.");
        meter.CreateObservableGauge(
            "loire.transactions.oldest", () => OldestAge(now()), "s", "How long the oldest of these has been open; 0 if none is.");
        _commits = meter.CreateCounter<long>("loire.transactions.commits", "{transaction}", "Transactions that were decided to commit.");
        _aborts = meter.CreateCounter<long>("loire.transactions.aborts", "{transaction}", "Transactions that were decided to abort, for whatever reason.");
        _timeouts = meter.CreateCounter<long>("loire.transactions.timeouts", "{transaction}", "Transactions that were aborted because they were over their time.");
    }

    /// <summary>Instruments of coordinators outside a silo, such as those of a test.</summary>
    internal static TransactionMetrics Hostless { get; } = new(new Meter(MeterName), static () => Timestamp.None);

    /// <summary>A coordinator has an open transaction.</summary>
    internal void Open(object coordinator, Timestamp startedAt) => _open[coordinator] = startedAt;

    /// <summary>A coordinator has none, or is no longer active.</summary>
    internal void NotOpen(object coordinator) => _open.TryRemove(coordinator, out _);

    internal void Decided(bool commits) => (commits ? _commits : _aborts).Add(1);

    internal void TimedOut() => _timeouts.Add(1);

    private double OldestAge(Timestamp now)
    {
        var oldest = now.Milliseconds;
        foreach (var (_, startedAt) in _open)
        {
            oldest = Math.Min(oldest, startedAt.Milliseconds);
        }

        return (now.Milliseconds - oldest) / 1_000.0;
    }
}
