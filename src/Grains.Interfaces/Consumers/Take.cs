using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>The state of the records that were delivered before.</summary>
[GenerateSerializer, Alias("loire.PreviousDelivery")]
public enum PreviousDelivery
{
    /// <summary>All of them are finished: requesting more implies that, as with Kafka's <c>poll</c>.</summary>
    Finished,

    /// <summary>
    /// Those up to <see cref="TakeRequest.Receipt"/> are finished, and those after it were not received: they are delivered again.
    /// </summary>
    FinishedUpToReceipt,

    /// <summary>
    /// Unknown: the answers form a stream. The records stay unfinished until a receipt or a commit says otherwise.
    /// </summary>
    Pending,
}

/// <summary>Requests records from a consumer.</summary>
/// <param name="PreviousDelivery">The state of the records delivered before.</param>
/// <param name="Receipt">A <see cref="TakeResult.Receipt"/>, with <see cref="PreviousDelivery.FinishedUpToReceipt"/>; one that the consumer
/// does not know, because it has been restored elsewhere meanwhile, finishes nothing.</param>
/// <param name="MaxRecords">The maximum number of records, at least 1.</param>
/// <param name="MaxBytes">The maximum size of keys, values and headers in bytes, at least 1; the first record is returned regardless of its
/// size.</param>
/// <param name="MaxWait">How long to wait for records, up to <see cref="Limits.FetchWait"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.TakeRequest")]
public sealed record TakeRequest(
    [property: Id(0)] PreviousDelivery PreviousDelivery,
    [property: Id(1)] string? Receipt,
    [property: Id(2)] int MaxRecords,
    [property: Id(3)] int MaxBytes,
    [property: Id(4)] TimeSpan MaxWait);

/// <summary>Records for a consumer.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnknownMemberId"/> if there is no such consumer; <see
/// cref="ErrorCode.InvalidRequest"/> if it has neither subscribed nor been assigned partitions; the group's error if it refuses the
/// consumer; the error of a partition that cannot be read, such as <see cref="ErrorCode.CorruptMessage"/>; retriable errors of the cluster.
/// </param>
/// <param name="Detail">Human-readable message.</param>
/// <param name="Slices">The records, in order within each partition; empty if none arrived in time. The caller decodes them.</param>
/// <param name="Receipt">Identifies this delivery and all before it: 1 to 64 ASCII letters, digits and hyphens.</param>
[GenerateSerializer, Immutable, Alias("loire.TakeResult")]
public sealed record TakeResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] string? Detail,
    [property: Id(4)] ConsumedSlice[] Slices,
    [property: Id(3)] string Receipt);

/// <summary>Consecutive records of one batch of a partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Records">The records, decompressed and checked.</param>
[GenerateSerializer, Immutable, Alias("loire.ConsumedSlice")]
public readonly record struct ConsumedSlice([property: Id(0)] TopicPartition Partition, [property: Id(1)] RecordSlice Records);
