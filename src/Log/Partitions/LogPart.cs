using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>A part of a log: a stored object with batches, or a page that lists such objects.</summary>
/// <param name="End">The offset after its last record.</param>
/// <param name="MaxTimestamp">The greatest timestamp of its records; <see cref="Timestamp.None"/>, or <see cref="long.MaxValue"/> milliseconds, if
/// that is not known.</param>
/// <param name="Bytes">Its bytes in the store; of a page, those of what it lists, or zero before <see cref="PartitionLog.SizeAsync"/>.</param>
/// <param name="IsDivisible">Whether it is a page.</param>
public readonly record struct LogPart(Offset End, Timestamp MaxTimestamp, long Bytes, bool IsDivisible);

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
