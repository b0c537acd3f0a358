using Loire.Model;

namespace Loire.Coordination.Compaction;

/// <summary>What to do after one part of a log.</summary>
public enum CompactionVerdict
{
    /// <summary>Look at the next part.</summary>
    Next,

    /// <summary>Look at what the part consists of.</summary>
    Divide,

    /// <summary>This part stays as it is, and with it everything after it.</summary>
    Stop,
}

/// <summary>
/// Measures, part by part from the oldest on, how much of a log has been compacted and how much of the rest can be: up to the first part with a
/// record that <c>min.compaction.lag.ms</c> protects.
/// </summary>
/// <param name="settings">The topic's settings.</param>
/// <param name="cleanTo">Up to where the log has been compacted.</param>
/// <param name="end">Where the part that may be compacted ends at the latest.</param>
/// <param name="now">The broker's time.</param>
public sealed class CompactionWalk(CompactionSettings settings, Offset cleanTo, Offset end, Timestamp now)
{
    /// <summary>Up to where the log can be compacted; <see cref="Offset.None"/> if it cannot.</summary>
    public Offset End { get; private set; } = Offset.None;

    /// <summary>Bytes that have been compacted.</summary>
    public long CleanBytes { get; private set; }

    /// <summary>Bytes that can be compacted and have not been.</summary>
    public long DirtyBytes { get; private set; }

    /// <summary>
    /// Whether it is time to compact: enough of the log has not been compacted, or one of its records has waited too long.
    /// </summary>
    /// <param name="oldest">The time of the first record that has not been compacted; <see cref="Timestamp.None"/> if it is not known.</param>
    public bool IsDue(Timestamp oldest) =>
        CompactionRules.IsEnough(CleanBytes, DirtyBytes, settings) || (DirtyBytes > 0 && HasWaited(oldest));

    /// <summary>Whether the newest part of the log must become one that can be compacted, because one of its records has waited too long.</summary>
    /// <param name="oldest">The time of the first record that has not been compacted; <see cref="Timestamp.None"/> if it is not known.</param>
    public bool MustList(Timestamp oldest) => DirtyBytes == 0 && HasWaited(oldest);

    /// <summary>Measures the next part.</summary>
    /// <param name="partEnd">The offset after its last record.</param>
    /// <param name="newest">The greatest timestamp of its records; <see cref="Timestamp.None"/> or <see cref="long.MaxValue"/> if that is not known.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="isDivisible">Whether it consists of parts that can be measured by themselves.</param>
    public CompactionVerdict Visit(Offset partEnd, Timestamp newest, long size, bool isDivisible)
    {
        if (partEnd <= cleanTo)
        {
            CleanBytes += size;
            return CompactionVerdict.Next;
        }

        if (isDivisible)
        {
            return CompactionVerdict.Divide;
        }

        if (partEnd > end || (settings.MinLag > TimeSpan.Zero && !CompactionRules.IsOlder(newest, settings.MinLag, now)))
        {
            return CompactionVerdict.Stop;
        }

        DirtyBytes += size;
        End = partEnd;
        return CompactionVerdict.Next;
    }

    private bool HasWaited(Timestamp oldest) => oldest != Timestamp.None && CompactionRules.IsOlder(oldest, settings.MaxLag, now);
}

/// <summary>What the parts of compaction have in common.</summary>
internal static class CompactionRules
{
    /// <summary>Whether more than a span of time has gone by since a record's time.</summary>
    public static bool IsOlder(Timestamp time, TimeSpan span, Timestamp now) =>
        (Int128)now.Milliseconds - time.Milliseconds > span.Ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>The time after a span; the greatest one if there is none so late.</summary>
    public static Timestamp Later(Timestamp time, TimeSpan span) =>
        new((long)Int128.Min(long.MaxValue, (Int128)time.Milliseconds + (span.Ticks / TimeSpan.TicksPerMillisecond)));

    /// <summary>Whether the share of a log that has not been compacted is large enough for a pass.</summary>
    public static bool IsEnough(long cleanBytes, long dirtyBytes, CompactionSettings settings) =>
        dirtyBytes > 0 && dirtyBytes >= settings.MinDirtyRatio * (cleanBytes + dirtyBytes);
}
