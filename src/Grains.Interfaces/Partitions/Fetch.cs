using Loire.Model;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>Where to read, how much, and how long to wait for it.</summary>
/// <param name="From">The first offset wanted, <see cref="Earliest"/> or <see cref="Latest"/>. The first batch returned contains it and may
/// begin before it.</param>
/// <param name="MaxBytes">The maximum number of bytes; the first batch is returned whole even if it is larger (KIP-74).</param>
/// <param name="MinBytes">Answers once this many bytes can be read; at least 1 to wait for data, 0 to answer immediately.</param>
/// <param name="MaxWait">Answers with the available data after this time, from zero to <see cref="Limits.FetchWait"/>.</param>
/// <param name="Isolation">Whether records of open transactions are returned, and aborted ones not named.</param>
/// <param name="Epochs">What the reader knows of leader epochs, to be checked; null for no check.</param>
[GenerateSerializer, Immutable, Alias("loire.FetchRequest")]
public sealed record FetchRequest(
    [property: Id(0)] Offset From,
    [property: Id(1)] int MaxBytes,
    [property: Id(2)] int MinBytes,
    [property: Id(3)] TimeSpan MaxWait,
    [property: Id(4)] IsolationLevel Isolation = IsolationLevel.ReadUncommitted,
    [property: Id(5)] ReaderEpochs? Epochs = null)
{
    /// <summary>Reads from the first available record, without a separate call to find its offset. No log has this offset.</summary>
    public static readonly Offset Earliest = new(-2);

    /// <summary>
    /// Reads from the high watermark at the time when the request arrives, or with <see cref="IsolationLevel.ReadCommitted"/> from the last stable offset. No
    /// log has this offset.
    /// </summary>
    public static readonly Offset Latest = new(-3);
}

/// <summary>Whole batches as they were appended, and the bounds of the log.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing was read.</param>
/// <param name="Bytes">Whole batches. A batch may span several pieces.</param>
/// <param name="NextOffset">Where to continue reading: after the last batch, or at the requested offset if there is none.</param>
/// <param name="Bounds">The positions of the log at the time of the answer.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
/// <param name="Aborted">With <see cref="IsolationLevel.ReadCommitted"/>, the aborted transactions that have records among those returned, by their first
/// offsets; their records must be skipped. Null if there are none.</param>
/// <param name="Diverging">Where the epoch of the reader's last record ends, if that is before the requested offset: what the reader has there is not
/// what this log has (KIP-595). Then nothing is read. Null otherwise.</param>
[GenerateSerializer, Immutable, Alias("loire.FetchResult")]
public sealed record FetchResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] BatchBytes Bytes,
    [property: Id(2)] Offset NextOffset,
    [property: Id(3)] PartitionOffsets Bounds,
    [property: Id(4)] string? Detail,
    [property: Id(5)] AbortedTransaction[]? Aborted = null,
    [property: Id(6)] EpochEnd? Diverging = null) : IPartitionAnswer
{
    /// <summary>The pieces of <see cref="Bytes"/>.</summary>
    public ReadOnlyMemory<byte>[] Batches => Bytes.Pieces;

    /// <summary>The version of the topic that the partition acted on: that of <see cref="Bounds"/>.</summary>
    public long TopicVersion => Bounds.TopicVersion;
}

/// <summary>A transaction that was aborted. From its first offset on, up to its marker, no transactional record of its producer counts.</summary>
/// <param name="Producer">The id of its producer.</param>
/// <param name="FirstOffset">The offset of its first record.</param>
[GenerateSerializer, Immutable, Alias("loire.AbortedTransaction")]
public readonly record struct AbortedTransaction([property: Id(0)] long Producer, [property: Id(1)] Offset FirstOffset);

/// <summary>The positions that bound a log: <c>start ≤ last stable ≤ high watermark ≤ end</c>.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the positions are unknown.</param>
/// <param name="LogStart">The first readable offset.</param>
/// <param name="LastStable">No transaction is open before it; the limit of read_committed fetches. <see cref="Offset.None"/> if it is not known.</param>
/// <param name="HighWatermark">Everything before it is durable on every in-sync copy; the limit of fetches.</param>
/// <param name="LogEnd">The offset of the next record.</param>
/// <param name="Epoch">The epoch of the leader that answered; <see cref="LeaderEpoch.None"/> if it has not written yet.</param>
/// <param name="TopicVersion">The <see cref="PartitionSettings.Version"/> of the topic that the partition acted on; 0 if it has not read
/// the topic yet.</param>
/// <param name="Leader">The broker that answered; −1 from one that does not say so yet.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionOffsets")]
public sealed record PartitionOffsets(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] Offset LogStart,
    [property: Id(2)] Offset LastStable,
    [property: Id(3)] Offset HighWatermark,
    [property: Id(4)] Offset LogEnd,
    [property: Id(5)] LeaderEpoch Epoch,
    [property: Id(6)] long TopicVersion = 0,
    [property: Id(7)] int Leader = -1) : IPartitionAnswer
{
    /// <summary>Where reading ends; the high watermark if the last stable offset is not known.</summary>
    public Offset End(IsolationLevel isolation) =>
        isolation == IsolationLevel.ReadCommitted && LastStable != Offset.None ? LastStable : HighWatermark;
}

/// <summary>The batch that answers a search by time.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the search failed.</param>
/// <param name="Bytes">Pieces of one whole batch, or of two if the log starts within the first; empty if every record is older.</param>
/// <param name="Bounds">The positions of the log at the time of the answer.</param>
[GenerateSerializer, Immutable, Alias("loire.FindBatchResult")]
public sealed record FindBatchResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] BatchBytes Bytes,
    [property: Id(2)] PartitionOffsets Bounds) : IPartitionAnswer
{
    /// <summary>The pieces of <see cref="Bytes"/>.</summary>
    public ReadOnlyMemory<byte>[] Batch => Bytes.Pieces;

    /// <summary>The version of the topic that the partition acted on: that of <see cref="Bounds"/>.</summary>
    public long TopicVersion => Bounds.TopicVersion;
}

/// <summary>Where the last record of a key lies.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why that is unknown.</param>
/// <param name="Bytes">Pieces of one whole batch; empty if no record has the key.</param>
/// <param name="Offset">The record's offset; <see cref="Offset.None"/> if no record has the key. If the batch has no such record, it was a tombstone, and
/// compaction has removed it.</param>
/// <param name="Bounds">The positions of the log at the time of the answer.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.LatestRecordResult")]
public sealed record LatestRecordResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] BatchBytes Bytes,
    [property: Id(2)] Offset Offset,
    [property: Id(3)] PartitionOffsets Bounds,
    [property: Id(4)] string? Detail) : IPartitionAnswer
{
    /// <summary>The pieces of <see cref="Bytes"/>.</summary>
    public ReadOnlyMemory<byte>[] Batch => Bytes.Pieces;

    /// <summary>The version of the topic that the partition acted on: that of <see cref="Bounds"/>.</summary>
    public long TopicVersion => Bounds.TopicVersion;
}
