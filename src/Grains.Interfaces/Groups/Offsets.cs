using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>Offsets to commit.</summary>
/// <param name="MemberId">The member; null for a commit by an administrator or by a consumer with manually assigned partitions.</param>
/// <param name="MemberEpoch">The member's epoch, or its generation in a classic group; −1 without a member.</param>
/// <param name="Offsets">At most one per partition. One that <see cref="IsNone"/> removes the offset of its partition.</param>
/// <param name="InstanceId">The instance id that a member of a classic group says it has; null if it does not say.</param>
[GenerateSerializer, Immutable, Alias("loire.CommitRequest")]
public sealed record CommitRequest(
    [property: Id(0)] MemberId? MemberId, [property: Id(1)] int MemberEpoch, [property: Id(2)] CommittedOffset[] Offsets,
    [property: Id(3)] GroupInstanceId? InstanceId = null)
{
    /// <summary>
    /// Whether a commit of this offset means that there is none: −1 or −2. Kafka stores and tells these two like any other, and its clients take both for none; kafkajs
    /// resets a group with them.
    /// </summary>
    public static bool IsNone(Offset offset) => offset.Value is -1 or -2;
}

/// <summary>Offsets to commit with a transaction.</summary>
/// <param name="Transaction">The transactional id.</param>
/// <param name="Producer">The producer and its present epoch.</param>
/// <param name="Version">Its dialect.</param>
/// <param name="Commit">The offsets, and the member on whose behalf they are committed; −1 without a member checks nothing of the group.</param>
[GenerateSerializer, Immutable, Alias("loire.TransactionalCommitRequest")]
public sealed record TransactionalCommitRequest(
    [property: Id(0)] TransactionalId Transaction, [property: Id(1)] ProducerIdentity Producer, [property: Id(2)] TransactionVersion Version,
    [property: Id(3)] CommitRequest Commit);

/// <summary>The result of a commit.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/> if all are stored; <see cref="ErrorCode.UnknownMemberId"/>, <see cref="ErrorCode.StaleMemberEpoch"/> or
/// <see cref="ErrorCode.FencedMemberEpoch"/> if the member may not commit, and then nothing is stored;
/// <see cref="ErrorCode.UnknownMemberId"/> also for a commit without a member to a group with members; of a classic group also
/// <see cref="ErrorCode.IllegalGeneration"/>, <see cref="ErrorCode.FencedInstanceId"/>, and <see cref="ErrorCode.RebalanceInProgress"/> before the generation has
/// its assignment; retriable errors of the cluster.
/// </param>
/// <param name="Refused">The partitions whose offsets were refused while others were stored, each with its error.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.CommitResult")]
public sealed record CommitResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionError[] Refused, [property: Id(2)] string? Detail);

/// <summary>Committed offsets.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why they are unknown.</param>
/// <param name="Offsets">In order of the partitions; omits partitions without a committed offset.</param>
/// <param name="Pending">The partitions asked for of which an open transaction may commit another offset (KIP-447); null if there are none.</param>
[GenerateSerializer, Immutable, Alias("loire.OffsetsResult")]
public sealed record OffsetsResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] CommittedOffset[] Offsets, [property: Id(2)] TopicPartition[]? Pending = null);
