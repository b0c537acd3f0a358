using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>A part of a log: a stored object with batches, or a page that lists such objects.</summary>
/// <param name="End">The offset after its last record.</param>
/// <param name="MaxTimestamp">The greatest timestamp of its records; <see cref="Timestamp.None"/>, or <see cref="long.MaxValue"/> milliseconds, if
/// that is not known.</param>
/// <param name="Bytes">Its bytes in the store; of a page, those of what it lists, or zero before <see cref="PartitionLog.SizeAsync"/>.</param>
/// <param name="IsDivisible">Whether it is a page.</param>
public readonly record struct LogPart(Offset End, Timestamp MaxTimestamp, long Bytes, bool IsDivisible);

/// <summary>The size of what can be read of a log.</summary>
/// <param name="Bytes">The bytes of its objects with batches, without the index.</param>
/// <param name="OldestBytes">Those of the oldest one.</param>
/// <param name="Oldest">The greatest timestamp of the oldest one of which it is known; <see cref="Timestamp.None"/> if of none.</param>
public readonly record struct LogSize(long Bytes, long OldestBytes, Timestamp Oldest)
{
    /// <summary>The size of a log without anything to read.</summary>
    public static LogSize None { get; } = new(0, 0, Timestamp.None);

    /// <summary>The size with one more part at the end.</summary>
    internal LogSize With(long bytes, Timestamp newest) => new(
        Bytes + bytes,
        Bytes == 0 ? bytes : OldestBytes,
        Oldest == Timestamp.None && newest.Milliseconds is >= 0 and < long.MaxValue ? newest : Oldest);
}

/// <summary>What a walk over the parts of a log does after one of them.</summary>
public enum LogWalkStep
{
    /// <summary>Visits the next part.</summary>
    Next,

    /// <summary>Visits the parts that this one lists.</summary>
    Into,

    /// <summary>Ends the walk.</summary>
    Stop,
}
