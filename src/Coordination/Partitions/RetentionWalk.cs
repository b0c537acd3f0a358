using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>What to do after one part of a log.</summary>
public enum RetentionVerdict
{
    /// <summary>Look at the next part.</summary>
    Next,

    /// <summary>Look at what the part consists of.</summary>
    Divide,

    /// <summary>This part stays, and with it everything after it.</summary>
    Stop,
}

/// <summary>
/// Decides how much of the beginning of a log may go, part by part from the oldest on: parts whose newest record is older than the limit, and parts
/// without which the rest still reaches the limit of bytes. The first part that must stay ends it, as in Kafka. A part of which no time is known
/// goes with a later one that does.
/// </summary>
/// <param name="limits">The topic's limits.</param>
/// <param name="now">The broker's time.</param>
/// <param name="bytes">The size of the whole log; needed only with <see cref="RetentionLimits.MaxBytes"/>.</param>
public sealed class RetentionWalk(RetentionLimits limits, Timestamp now, long bytes)
{
    private long _left = bytes;

    /// <summary>Where the log may begin; null if everything stays.</summary>
    public Offset? Start { get; private set; }

    /// <summary>Judges the next part.</summary>
    /// <param name="end">The offset after its last record.</param>
    /// <param name="newest">The greatest timestamp of its records; <see cref="Timestamp.None"/> or <see cref="long.MaxValue"/> if that is not
    /// known.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="isDivisible">Whether it consists of parts that can be judged by themselves.</param>
    public RetentionVerdict Visit(Offset end, Timestamp newest, long size, bool isDivisible)
    {
        var isTimeKnown = newest.Milliseconds is >= 0 and < long.MaxValue;
        var isOld = isTimeKnown && limits.MaxAge is { } age && now.Milliseconds - newest.Milliseconds > age.TotalMilliseconds;
        var isSurplus = limits.MaxBytes is { } max && _left - size >= max;
        if (!isOld && !isSurplus && (isDivisible || isTimeKnown || limits.MaxAge is null))
        {
            return isDivisible ? RetentionVerdict.Divide : RetentionVerdict.Stop;
        }

        _left -= size;
        Start = isOld || isSurplus ? end : Start;
        return RetentionVerdict.Next;
    }
}
