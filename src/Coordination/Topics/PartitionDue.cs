using Loire.Coordination.Compaction;
using Loire.Coordination.Partitions;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// When a closed partition must be opened to look after its log, and why. The earliest of all reasons decides.
/// </summary>
/// <param name="At">From when on.</param>
/// <param name="Reason">Why.</param>
public readonly record struct PartitionDue(Timestamp At, DueReason Reason)
{
    /// <summary>
    /// How long an open partition is left to its silo after its last report; one that says nothing for longer has ended without a report.
    /// </summary>
    public static readonly TimeSpan OpenPatience = TimeSpan.FromHours(2);

    /// <summary>
    /// When a partition that was opened because it was due, and is due still, is called again: it had nothing to delete, or has not got round to
    /// compaction.
    /// </summary>
    public static readonly TimeSpan Recheck = TimeSpan.FromHours(1);

    /// <summary>
    /// How long the report of a closed partition is believed: its silo may have ended before it could report what was written last.
    /// </summary>
    public static readonly TimeSpan MaxReportAge = TimeSpan.FromDays(7);

    /// <summary>When a partition is due.</summary>
    /// <param name="report">Its last report; null if there is none.</param>
    /// <param name="settings">The topic's settings.</param>
    /// <param name="now">The time of the topic's silo.</param>
    /// <returns>Null if nothing of it is ever to be deleted or compacted.</returns>
    public static PartitionDue? Of(PartitionReport? report, in PartitionSettings settings, Timestamp now)
    {
        var limits = RetentionLimits.Of(settings);
        if (!IsEver(settings))
        {
            return null;
        }

        // A report from the future was received before the clock was set back: its age says nothing.
        if (report is null || report.At > now)
        {
            return new PartitionDue(now, DueReason.Unknown);
        }

        var due = new PartitionDue(Later(report.At, MaxReportAge), DueReason.Unknown);
        if (report.Start < report.End)
        {
            if (limits.MaxAge is { } age && report.OldestTime.Milliseconds is >= 0 and < long.MaxValue)
            {
                due = Earlier(due, new PartitionDue(Later(report.OldestTime, age), DueReason.Age));
            }

            if (limits.MaxBytes is { } bytes && report.Bytes - report.OldestBytes >= bytes)
            {
                due = Earlier(due, new PartitionDue(report.At, DueReason.Size));
            }

            if (settings.Compaction is { } compaction)
            {
                due = Earlier(due, OfCompaction(report, compaction, settings.Version));
            }
        }

        return report.IsOpen ? due with { At = Latest(due.At, Later(report.At, OpenPatience)) }
            : report.CheckedVersion == settings.Version && due.At <= report.At ? due with { At = Later(report.At, Recheck) }
            : due;
    }

    /// <summary>Whether a partition of the topic can ever be due.</summary>
    public static bool IsEver(in PartitionSettings settings) => RetentionLimits.Of(settings).Any || settings.Compaction is not null;

    // A partition that says nothing of compaction is asked once for each version of the topic: an earlier version of Loire may have answered.
    private static PartitionDue? OfCompaction(PartitionReport report, CompactionSettings settings, long version) =>
        report.Compaction is not { } log ? (report.CheckedVersion == version ? null : new PartitionDue(report.At, DueReason.Unknown))
        : log.StalledVersion != version && CompactionDue.Of(log, report.End, settings) is { } due
            ? new PartitionDue(Latest(due.At, report.At), due.Reason)
        : null;

    private static PartitionDue Earlier(PartitionDue one, PartitionDue? other) => other is { } due && due.At < one.At ? due : one;

    private static Timestamp Latest(Timestamp one, Timestamp other) => one > other ? one : other;

    // Strictly later, as retention requires.
    private static Timestamp Later(Timestamp time, TimeSpan by) =>
        new((long)Math.Min(time.Milliseconds + by.TotalMilliseconds + 1, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
}
