using System.Buffers;
using Loire.Edge.Calls;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Offsets;

/// <summary>
/// Finds offsets: the bounds of a partition, and the first record at or after a time. The partition finds the batch of that record; the
/// record within the batch is found here, because only the edge decodes records.
/// </summary>
/// <param name="topics">Refreshes the routes of the topics.</param>
public sealed class OffsetLookup(TopicCache topics)
{
    /// <summary>How many partitions a caller should query concurrently: a group may have offsets in thousands of them.</summary>
    public const int AtOnce = 32;

    /// <summary>The current bounds of a partition.</summary>
    /// <exception cref="Exception">The call failed; see <see cref="GrainCallErrors"/>.</exception>
    public async ValueTask<PartitionOffsets> BoundsAsync(TopicRoutes topic, int partition, CancellationToken cancellation) =>
        (await topics.AskAsync(
            topic, partition, mayMove: true, 0, static (grain, _) => grain.Offsets(), Timeout.InfiniteTimeSpan, cancellation)).Answer;

    /// <summary>The first record of a partition at or after a time.</summary>
    /// <exception cref="Exception">The call failed; see <see cref="GrainCallErrors"/>.</exception>
    public async ValueTask<OffsetAtTime> AtTimeAsync(TopicRoutes topic, int partition, Timestamp time, CancellationToken cancellation)
    {
        var (answer, _) = await topics.AskAsync(
            topic, partition, mayMove: true, time, static (grain, time) => grain.FindBatch(time), Timeout.InfiniteTimeSpan, cancellation);
        return Find(answer, time);
    }

    /// <summary>Finds the record within the batch that a partition found.</summary>
    /// <param name="answer">The partition's answer.</param>
    /// <param name="time">The time that the search was for.</param>
    /// <param name="isolation">Whether to look before the last stable offset only.</param>
    public static OffsetAtTime Find(FindBatchResult answer, Timestamp time, IsolationLevel isolation = IsolationLevel.ReadUncommitted) =>
        FindIn(answer, time, isolation);

    /// <summary>Finds the record with the greatest timestamp within the batch that a partition found.</summary>
    /// <param name="answer">The partition's answer.</param>
    /// <param name="isolation">Whether to look before the last stable offset only.</param>
    public static OffsetAtTime FindNewest(FindBatchResult answer, IsolationLevel isolation = IsolationLevel.ReadUncommitted) =>
        FindIn(answer, null, isolation);

    private static OffsetAtTime FindIn(FindBatchResult answer, Timestamp? time, IsolationLevel isolation)
    {
        var batches = new BatchPieces(answer.Error == ErrorCode.None ? answer.Batch : []);
        while (batches.TryTake(out var batch, out var pooled))
        {
            try
            {
                var sought = time;
                var epoch = LeaderEpoch.None;
                if (RecordBatch.TryRead(batch.Span, out var header) == ErrorCode.None)
                {
                    (sought, epoch) = (time ?? header.MaxTimestamp, header.LeaderEpoch);
                }

                if (sought is { } first && TimeSearch.FirstIn(batch.Span, first, answer.Bounds.LogStart) is { } found
                    && found.Offset < answer.Bounds.End(isolation))
                {
                    return new OffsetAtTime(ErrorCode.None, found.Offset, found.Time, answer.Bounds, epoch);
                }
            }
            finally
            {
                if (pooled is not null)
                {
                    ArrayPool<byte>.Shared.Return(pooled);
                }
            }
        }

        return new OffsetAtTime(answer.Error, Offset.None, Timestamp.None, answer.Bounds, LeaderEpoch.None);
    }
}

/// <summary>The answer to a search by time.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the search failed.</param>
/// <param name="Offset">The record's offset; <see cref="Offset.None"/> if every record is older or the search failed.</param>
/// <param name="Timestamp">The record's time.</param>
/// <param name="Bounds">The positions of the log at the time of the answer.</param>
/// <param name="Epoch">The epoch of the leader that appended the record.</param>
public readonly record struct OffsetAtTime(ErrorCode Error, Offset Offset, Timestamp Timestamp, PartitionOffsets Bounds, LeaderEpoch Epoch)
{
    /// <summary>Whether there is such a record.</summary>
    public bool IsFound => Offset != Offset.None;
}
