using Loire.Coordination.Partitions;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// When a closed partition must be opened to look after its log, and why. Further reasons take their place in <see cref="Of"/>: the earliest one
/// decides.
/// </summary>
/// <param name="At">From when on.</param>
/// <param name="Reason">Why.</param>
public readonly record struct PartitionDue(Timestamp At, DueReason Reason)
{
    /// <summary>
    /// How long an open partition is left to its silo after its last report; one that says nothing for longer has ended without a report.
    /// </summary>
    public static readonly TimeSpan OpenPatience = TimeSpan.FromHours(2);

    /// <summary>When a partition that was checked and had nothing to delete, although it is due, is checked again.</summary>
    public static readonly TimeSpan Recheck = TimeSpan.FromHours(1);

    /// <summary>
    /// How long the report of a closed partition is believed: its silo may have ended before it could report what was written last.
    /// </summary>
    public static readonly TimeSpan MaxReportAge = TimeSpan.FromDays(7);

    /// <summary>When a partition is due.</summary>
    /// <param name="report">Its last report; null if there is none.</param>
    /// <param name="limits">What the topic keeps.</param>
    /// <param name="version">The topic's version.</param>
    /// <param name="now">The time of the topic's silo.</param>
    /// <returns>Null if nothing of it is ever to be deleted.</returns>
    public static PartitionDue? Of(PartitionReport? report, RetentionLimits limits, long version, Timestamp now)
    {
        if (!limits.Any)
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
        }

        return report.IsOpen ? due with { At = Latest(due.At, Later(report.At, OpenPatience)) }
            : report.CheckedVersion == version && due.At <= report.At ? due with { At = Later(report.At, Recheck) }
            : due;
    }

    private static PartitionDue Earlier(PartitionDue one, PartitionDue other) => other.At < one.At ? other : one;

    private static Timestamp Latest(Timestamp one, Timestamp other) => one > other ? one : other;

    // Strictly later, as retention requires.
    private static Timestamp Later(Timestamp time, TimeSpan by) =>
        new((long)Math.Min(time.Milliseconds + by.TotalMilliseconds + 1, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
}
