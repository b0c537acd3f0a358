using Loire.Model;

namespace Loire.Coordination.Compaction;

/// <summary>
/// When a log that nothing is appended to is due for compaction. At that time <see cref="CompactionWalk"/> finds the pass due as well, so a partition
/// that is opened then makes progress. With <c>min.compaction.lag.ms</c> a walk may find the oldest part of what is dirty due earlier than this, by
/// at most that lag.
/// </summary>
/// <param name="At">From when on; zero milliseconds for at once.</param>
/// <param name="Reason">Why.</param>
public readonly record struct CompactionDue(Timestamp At, DueReason Reason)
{
    private static readonly Timestamp Never = new(long.MaxValue);

    /// <summary>When a log is due, by the earliest of all reasons.</summary>
    /// <param name="log">What its partition has reported.</param>
    /// <param name="end">The offset after its last record.</param>
    /// <param name="settings">How the topic is compacted now.</param>
    /// <returns>Null if it never is.</returns>
    public static CompactionDue? Of(CompactionReport log, Offset end, CompactionSettings settings)
    {
        // While the newest record is protected, how much may be compacted depends on where the parts begin, which is not reported.
        var free = log.DirtyBytes > 0 && settings.MinLag > TimeSpan.Zero ? After(log.NewestDirty, settings.MinLag) : default;
        var dirty = CompactionRules.IsEnough(log.CleanBytes, log.DirtyBytes, settings) ? free : Never;
        var lag = log.CleanTo >= end || settings.MaxLag == TimeSpan.MaxValue ? Never
            : log.DirtySince == Timestamp.None ? default
            : Latest(After(log.DirtySince, settings.MaxLag), free);
        CompactionDue due = dirty <= lag ? new(dirty, DueReason.Dirty) : new(lag, DueReason.Lag);
        due = log.TombstonesAt < due.At ? new(log.TombstonesAt, DueReason.Tombstones) : due;
        return due.At == Never ? null : due;
    }

    /// <summary>When the tombstones that a pass has just kept may go: all of them together, so that one more pass is enough.</summary>
    /// <param name="hasTombstones">Whether it has kept any.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="settings">How the topic is compacted.</param>
    /// <returns><see cref="long.MaxValue"/> milliseconds for never.</returns>
    public static Timestamp TombstonesAt(bool hasTombstones, Timestamp now, CompactionSettings settings) =>
        hasTombstones ? CompactionRules.Later(now, settings.TombstoneTime) : Never;

    // A record is protected, and may wait, for the whole span.
    private static Timestamp After(Timestamp time, TimeSpan span) =>
        CompactionRules.Later(time, span) is var at && at == Never ? Never : new Timestamp(at.Milliseconds + 1);

    private static Timestamp Latest(Timestamp one, Timestamp other) => one > other ? one : other;
}
