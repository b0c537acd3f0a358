using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Interfaces.Transactions;

/// <summary>Asks for a producer's identity.</summary>
/// <param name="Timeout">How long a transaction may stay open; more than zero.</param>
/// <param name="Current">The identity that the caller has, to get the next one (KIP-360); <see cref="ProducerIdentity.None"/> for a new producer.</param>
[GenerateSerializer, Immutable, Alias("loire.InitProducerRequest")]
public sealed record InitProducerRequest([property: Id(0)] TimeSpan Timeout, [property: Id(1)] ProducerIdentity Current);

/// <summary>The identity of a producer.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>; <see cref="ErrorCode.ConcurrentTransactions"/> while an earlier transaction is being ended: try again;
/// <see cref="ErrorCode.ProducerFenced"/> if <see cref="InitProducerRequest.Current"/> is not the latest;
/// <see cref="ErrorCode.InvalidTransactionTimeout"/>; <see cref="ErrorCode.UnsupportedVersion"/> while the cluster has no transactions; retriable errors of the
/// cluster.</param>
/// <param name="Producer">The identity; <see cref="ProducerIdentity.None"/> with an error.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.InitProducerResult")]
public sealed record InitProducerResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] ProducerIdentity Producer, [property: Id(2)] string? Detail);

/// <summary>What a caller of <see cref="ITransactionGrain.Enlist"/> wants.</summary>
[GenerateSerializer, Alias("loire.EnlistMode")]
public enum EnlistMode : byte
{
    /// <summary>Add, in the first dialect (<see cref="TransactionVersion.V1"/>): a producer does.</summary>
    Add = 1,

    /// <summary>Add what is missing, in the second dialect (<see cref="TransactionVersion.V2"/>): the partition or group to which was written does.</summary>
    AddByWrite = 2,

    /// <summary>Add nothing; say whether they are part of the open transaction.</summary>
    Verify = 3,
}

/// <summary>Partitions and groups that belong to a transaction.</summary>
/// <param name="Producer">The producer and its present epoch.</param>
/// <param name="Mode">Whether they are to be added.</param>
/// <param name="Partitions">The partitions; at most <see cref="Limits.PartitionsPerTransaction"/> in all of a transaction.</param>
/// <param name="Groups">The groups whose offsets are committed.</param>
[GenerateSerializer, Immutable, Alias("loire.EnlistRequest")]
public sealed record EnlistRequest(
    [property: Id(0)] ProducerIdentity Producer, [property: Id(1)] EnlistMode Mode, [property: Id(2)] PartitionKey[] Partitions,
    [property: Id(3)] GroupId[] Groups);

/// <summary>Whether partitions and groups belong to a transaction.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/> if all of them are part of it, durably; <see cref="ErrorCode.ProducerFenced"/> if the epoch is not the
/// present one, <see cref="ErrorCode.InvalidProducerIdMapping"/> if the id is not, <see cref="ErrorCode.ConcurrentTransactions"/> while the
/// transaction before is being completed, <see cref="ErrorCode.InvalidTxnState"/> if they are only to be verified and are not part of it,
/// <see cref="ErrorCode.PolicyViolation"/> beyond the limits of a transaction, <see cref="ErrorCode.UnsupportedVersion"/> while the cluster has no
/// transactions; retriable errors of the cluster. Nothing is added then.</param>
/// <param name="Transaction">The number of the transaction among those of the transactional id: at least 1, it grows with each. With
/// <see cref="ErrorCode.ConcurrentTransactions"/>, that of the one that is being completed, if it is known; 0 with other errors.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.EnlistResult")]
public sealed record EnlistResult([property: Id(0)] ErrorCode Error, [property: Id(1)] long Transaction, [property: Id(2)] string? Detail);

/// <summary>Asks for the end of a transaction.</summary>
/// <param name="Producer">The producer and the epoch in which it ran the transaction.</param>
/// <param name="Commits">Whether to commit; otherwise it aborts.</param>
/// <param name="Version">The dialect of the caller.</param>
[GenerateSerializer, Immutable, Alias("loire.EndTransactionRequest")]
public sealed record EndTransactionRequest(
    [property: Id(0)] ProducerIdentity Producer, [property: Id(1)] bool Commits, [property: Id(2)] TransactionVersion Version);

/// <summary>The end of a transaction.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/> if that is its outcome, durably, also when asked again;
/// <see cref="ErrorCode.InvalidTxnState"/> if it had the other outcome, or none was open; <see cref="ErrorCode.ProducerFenced"/>,
/// <see cref="ErrorCode.InvalidProducerIdMapping"/>; <see cref="ErrorCode.ConcurrentTransactions"/> while the same end is being completed: try
/// again; retriable errors of the cluster, after which the outcome is unknown until the same call is answered.</param>
/// <param name="Producer">The identity for the next transaction; <see cref="ProducerIdentity.None"/> with an error.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.EndTransactionResult")]
public sealed record EndTransactionResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] ProducerIdentity Producer, [property: Id(2)] string? Detail);

/// <summary>A transactional id and its transaction.</summary>
/// <param name="Id">The transactional id.</param>
/// <param name="Status">How far its transaction is.</param>
/// <param name="Producer">Its producer.</param>
/// <param name="Timeout">How long a transaction may stay open.</param>
/// <param name="StartedAt">When the open transaction began, or the last one; <see cref="Timestamp.None"/> if the producer has had none.</param>
/// <param name="Partitions">The partitions of the transaction that have not been told of its end.</param>
/// <param name="Groups">The groups of the transaction that have not been told of its end.</param>
[GenerateSerializer, Immutable, Alias("loire.TransactionDescription")]
public sealed record TransactionDescription(
    [property: Id(0)] TransactionalId Id, [property: Id(1)] TransactionStatus Status, [property: Id(2)] ProducerIdentity Producer,
    [property: Id(3)] TimeSpan Timeout, [property: Id(4)] Timestamp StartedAt, [property: Id(5)] TopicPartition[] Partitions,
    [property: Id(6)] GroupId[] Groups);

/// <summary>The description of a transactional id.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is none.</param>
/// <param name="Transaction">The description; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.TransactionResult")]
public sealed record TransactionResult([property: Id(0)] ErrorCode Error, [property: Id(1)] TransactionDescription? Transaction);
