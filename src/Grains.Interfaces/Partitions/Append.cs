using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>Who appends.</summary>
[GenerateSerializer, Alias("loire.AppendOrigin")]
public enum AppendOrigin : byte
{
    /// <summary>A client: it must not write to an internal topic (<see cref="TopicName.IsInternal"/>).</summary>
    Client = 0,

    /// <summary>The cluster itself. Used only by grains.</summary>
    Cluster = 1,
}

/// <summary>Record batches for one partition.</summary>
/// <param name="Batches">One or more batches. The caller must not modify the bytes after the call: they are stored from this
/// memory.</param>
/// <param name="Acks">When to answer.</param>
/// <param name="Origin">Who appends.</param>
/// <param name="Transaction">The transactional id of the producer, if the batches are transactional; null otherwise.</param>
/// <param name="Version">The dialect of that producer.</param>
/// <param name="ExpectedOffset">The offset that the first record must get, or nothing is appended; null for any. Counts in the order of arrival, appends that
/// are not durable yet included. What repeats an earlier append is answered as that. To be sent from feature level 5 on
/// (<see cref="Brokers.ClusterDescription.HasConditionalAppends"/>): earlier versions do not know it.</param>
[GenerateSerializer, Immutable, Alias("loire.AppendRequest")]
public sealed record AppendRequest(
    [property: Id(0)] AppendBatches Batches, [property: Id(1)] Acks Acks,
    [property: Id(2)] AppendOrigin Origin = AppendOrigin.Client, [property: Id(3)] TransactionalId? Transaction = null,
    [property: Id(4)] TransactionVersion Version = TransactionVersion.V2, [property: Id(5)] Offset? ExpectedOffset = null);

/// <summary>The result of an append.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing was appended; with <see cref="ErrorCode.RequestTimedOut"/>, the records
/// may have been appended. <see cref="ErrorCode.OffsetOutOfRange"/> if the log does not end at <see cref="AppendRequest.ExpectedOffset"/>,
/// <see cref="ErrorCode.DuplicateResource"/> if a keyed producer has appended something else.</param>
/// <param name="BaseOffset">The offset of the first record, or <see cref="Offset.None"/>.</param>
/// <param name="LastOffset">The offset of the last record, or <see cref="Offset.None"/>.</param>
/// <param name="LogAppendTime">The broker's time for all records with LogAppendTime, otherwise <see cref="Timestamp.None"/>.</param>
/// <param name="LogStartOffset">The first readable offset.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
/// <param name="TopicVersion">The <see cref="PartitionSettings.Version"/> of the topic that the partition acted on; 0 if it has not read
/// the topic yet. A caller that cached an older version of the topic must read it again.</param>
/// <param name="Repeated">How many of the first records were in the log before, because batches of an idempotent producer were repeated. They lie from
/// <see cref="BaseOffset"/> on, and the others up to <see cref="LastOffset"/>; other producers' records may lie between the two.</param>
/// <param name="EndOffset">Where the log ends, if that was not as expected; null otherwise.</param>
/// <param name="Demands">What the partition demands of records, with a refusal that they may be the reason of: the caller, who can decode them, finds which
/// ones. Null with all else, and from a process that does not tell.</param>
[GenerateSerializer, Immutable, Alias("loire.AppendResult")]
public sealed record AppendResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] Offset BaseOffset,
    [property: Id(2)] Offset LastOffset,
    [property: Id(3)] Timestamp LogAppendTime,
    [property: Id(4)] Offset LogStartOffset,
    [property: Id(5)] string? Detail,
    [property: Id(6)] long TopicVersion = 0,
    [property: Id(7)] int Repeated = 0,
    [property: Id(8)] Offset? EndOffset = null,
    [property: Id(9)] RecordDemands? Demands = null) : IPartitionAnswer;

/// <summary>What a partition demands of each record.</summary>
/// <param name="Oldest">The least timestamp that is accepted, beside none at all; any with LogAppendTime.</param>
/// <param name="Newest">The greatest timestamp that is accepted.</param>
/// <param name="RequiresKeys">Whether a record must have a key.</param>
[GenerateSerializer, Immutable, Alias("loire.RecordDemands")]
public sealed record RecordDemands([property: Id(0)] Timestamp Oldest, [property: Id(1)] Timestamp Newest, [property: Id(2)] bool RequiresKeys);
