using Loire.Model;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>Where to read, how much, and how long to wait for it.</summary>
/// <param name="From">The first offset wanted, <see cref="Earliest"/> or <see cref="Latest"/>. The first batch returned contains it and may
/// begin before it.</param>
/// <param name="MaxBytes">Bytes at most; the first batch comes whole even if it is larger (KIP-74).</param>
/// <param name="MinBytes">Answer once this much can be read; at least 1 to wait for data at all, 0 to answer at once.</param>
/// <param name="MaxWait">Answer with what there is after this time, from zero to <see cref="Limits.FetchWait"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.FetchRequest")]
public sealed record FetchRequest(
    [property: Id(0)] Offset From,
    [property: Id(1)] int MaxBytes,
    [property: Id(2)] int MinBytes,
    [property: Id(3)] TimeSpan MaxWait)
{
    /// <summary>Reads from the first record that there is, so that a reader need not ask for its offset first. No log has this offset.</summary>
    public static readonly Offset Earliest = new(-2);

    /// <summary>Reads from the high watermark on, as it is when the request arrives. No log has this offset.</summary>
    public static readonly Offset Latest = new(-3);
}

/// <summary>Whole batches as they were appended, and the bounds of the log.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing was read.</param>
/// <param name="Batches">Pieces that form whole batches when put one after the other. A batch may be spread over several pieces.</param>
/// <param name="NextOffset">Where to read on: after the last batch, or the asked offset if there is none.</param>
/// <param name="Bounds">The positions of the log at the time of the answer.</param>
/// <param name="Detail">One sentence for a person, where the error code does not say enough.</param>
[GenerateSerializer, Immutable, Alias("loire.FetchResult")]
public sealed record FetchResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] ReadOnlyMemory<byte>[] Batches,
    [property: Id(2)] Offset NextOffset,
    [property: Id(3)] PartitionOffsets Bounds,
    [property: Id(4)] string? Detail) : IPartitionAnswer
{
    /// <summary>The version of the topic that the partition acted on: that of <see cref="Bounds"/>.</summary>
    public long TopicVersion => Bounds.TopicVersion;
}

/// <summary>The positions that bound a log: <c>start ≤ last stable ≤ high watermark ≤ end</c>.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the positions are unknown.</param>
/// <param name="LogStart">The first offset that can be read.</param>
/// <param name="LastStable">Before it no transaction is open; what read_committed sees.</param>
/// <param name="HighWatermark">Before it everything is durable on every in-sync copy; what a fetch sees.</param>
/// <param name="LogEnd">The offset of the next record.</param>
/// <param name="Epoch">The epoch of the leader that answered, or <see cref="LeaderEpoch.None"/> if it has not written yet.</param>
/// <param name="TopicVersion">The <see cref="PartitionSettings.Version"/> of the topic that the partition acted on; 0 if it has not read
/// the topic yet.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionOffsets")]
public sealed record PartitionOffsets(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] Offset LogStart,
    [property: Id(2)] Offset LastStable,
    [property: Id(3)] Offset HighWatermark,
    [property: Id(4)] Offset LogEnd,
    [property: Id(5)] LeaderEpoch Epoch,
    [property: Id(6)] long TopicVersion = 0) : IPartitionAnswer;

/// <summary>The batch that answers a search by time.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no answer.</param>
/// <param name="Batch">Pieces of one whole batch, none if every record is older.</param>
/// <param name="Bounds">The positions of the log at the time of the answer.</param>
[GenerateSerializer, Immutable, Alias("loire.FindBatchResult")]
public sealed record FindBatchResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] ReadOnlyMemory<byte>[] Batch,
    [property: Id(2)] PartitionOffsets Bounds) : IPartitionAnswer
{
    /// <summary>The version of the topic that the partition acted on: that of <see cref="Bounds"/>.</summary>
    public long TopicVersion => Bounds.TopicVersion;
}
