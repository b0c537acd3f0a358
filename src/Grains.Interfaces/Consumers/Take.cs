using Loire.Model;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>What became of the records that a consumer was given before.</summary>
[GenerateSerializer, Alias("loire.PreviousDelivery")]
public enum PreviousDelivery
{
    /// <summary>All of them are finished: whoever asks for more is done with what it got, as with Kafka's <c>poll</c>.</summary>
    Finished,

    /// <summary>
    /// Those up to <see cref="TakeRequest.Receipt"/> are finished, and those after it were not received: they come again.
    /// </summary>
    FinishedUpToReceipt,

    /// <summary>
    /// Nothing is known: the answers are one long stream. They stay unfinished until a receipt or a commit says otherwise.
    /// </summary>
    Pending,
}

/// <summary>A consumer asks for records.</summary>
/// <param name="PreviousDelivery">What became of those it was given before.</param>
/// <param name="Receipt">A <see cref="TakeResult.Receipt"/>, with <see cref="PreviousDelivery.FinishedUpToReceipt"/>; one that the consumer does not
/// know, because it has lived elsewhere meanwhile, finishes nothing.</param>
/// <param name="MaxRecords">Records at most, at least 1.</param>
/// <param name="MaxBytes">Bytes of keys, values and headers at most, at least 1; the first record comes whatever its size.</param>
/// <param name="MaxWait">How long to wait for the first record, up to <see cref="Limits.FetchWait"/>.</param>
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
/// cref="ErrorCode.InvalidRequest"/> if it has neither subscribed nor been assigned partitions; why the group refuses it; why a partition
/// cannot be read; retriable errors of the cluster.
/// </param>
/// <param name="Detail">One sentence for a person.</param>
/// <param name="Records">In order within each partition; none if none came in time.</param>
/// <param name="Receipt">Names this delivery and all before it: 1 to 64 ASCII letters, digits and hyphens.</param>
[GenerateSerializer, Immutable, Alias("loire.TakeResult")]
public sealed record TakeResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] string? Detail,
    [property: Id(2)] ConsumedRecord[] Records,
    [property: Id(3)] string Receipt);

/// <summary>A record with its place.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Timestamp">Its time.</param>
/// <param name="Key">The key; null for none.</param>
/// <param name="Value">The value; null for none.</param>
/// <param name="Headers">In their order.</param>
[GenerateSerializer, Immutable, Alias("loire.ConsumedRecord")]
public sealed record ConsumedRecord(
    [property: Id(0)] TopicPartition Partition,
    [property: Id(1)] Offset Offset,
    [property: Id(2)] Timestamp Timestamp,
    [property: Id(3)] byte[]? Key,
    [property: Id(4)] byte[]? Value,
    [property: Id(5)] ConsumedHeader[] Headers);

/// <summary>A header of a record.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; null for none.</param>
[GenerateSerializer, Immutable, Alias("loire.ConsumedHeader")]
public readonly record struct ConsumedHeader([property: Id(0)] string Key, [property: Id(1)] byte[]? Value);
