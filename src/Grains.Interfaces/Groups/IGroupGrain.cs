using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Groups;
using Orleans.Concurrency;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>
/// A consumer group: its members, their partitions, and the committed offsets. The key is the group's id. Calls interleave, because commits
/// proceed while heartbeats wait for news.
/// </summary>
[Alias("loire.IGroupGrain")]
public interface IGroupGrain : IGrainWithStringKey
{
    /// <summary>
    /// Joins the group, keeps the session alive, changes the subscription, and confirms revocations: one call for all, as in KIP-848. It is
    /// answered when there is news for the member, at the latest after <see cref="HeartbeatRequest.MaxWait"/>. A member has one such call
    /// in flight; a newer one ends the older one.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Heartbeat")]
    ValueTask<HeartbeatResult> Heartbeat(HeartbeatRequest request, CancellationToken cancellation);

    /// <summary>Leaves the group; a static member that only restarts does not call this. Unknown members are no error.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Leave")]
    ValueTask<ErrorCode> Leave(LeaveRequest request);

    /// <summary>
    /// Joins a classic group, or joins it again for a rebalance (JoinGroup). Answered when the generation has its members, after the members' longest rebalance
    /// timeout at the latest; a member has one such call in flight, and a newer one ends the older one. Once cancelled, it is answered no more, but the member
    /// stays. To a group that assigns itself, a consumer is admitted as to a classic one, and answered at once with no leader.
    /// </summary>
    [ResponseTimeout("00:31:00")]
    [Alias("JoinClassic")]
    ValueTask<ClassicJoined> JoinClassic(ClassicJoin join, CancellationToken cancellation);

    /// <summary>Returns a member's assignment once its leader has brought it (SyncGroup); durable when answered.</summary>
    [ResponseTimeout("00:31:00")]
    [Alias("SyncClassic")]
    ValueTask<ClassicSynced> SyncClassic(ClassicSync sync, CancellationToken cancellation);

    /// <summary>
    /// Keeps the session of a classic member: <see cref="ErrorCode.RebalanceInProgress"/> if it must join again, <see cref="ErrorCode.UnknownMemberId"/>,
    /// <see cref="ErrorCode.IllegalGeneration"/> or <see cref="ErrorCode.FencedInstanceId"/> if it is none; retriable errors of the cluster.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    [Alias("HeartbeatClassic")]
    ValueTask<ErrorCode> HeartbeatClassic(ClassicMemberKey member);

    /// <summary>Removes classic members (LeaveGroup).</summary>
    /// <param name="leavers">At most <see cref="Limits.MembersPerGroup"/>.</param>
    [ResponseTimeout("00:00:10")]
    [Alias("LeaveClassic")]
    ValueTask<ClassicLeft> LeaveClassic(ClassicLeaver[] leavers);

    /// <summary>
    /// Stores offsets; durable when answered. A member commits with its epoch; a commit without a member requires an empty group.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Commit")]
    ValueTask<CommitResult> Commit(CommitRequest request);

    /// <summary>
    /// Stores offsets that count once their transaction commits; durable when answered. The group belongs to the transaction from then on.
    /// </summary>
    /// <returns>As for <see cref="Commit"/>, but <see cref="ErrorCode.IllegalGeneration"/> for a stale epoch, and for any epoch of a group that does not exist.
    /// Of the transaction: <see cref="ErrorCode.InvalidProducerEpoch"/> if the producer is fenced, <see cref="ErrorCode.InvalidTxnState"/> in the first dialect
    /// and <see cref="ErrorCode.TransactionAbortable"/> in the second one if the group is not part of it, <see cref="ErrorCode.ConcurrentTransactions"/>
    /// if the end of the one before has not come here, or one comes meanwhile: try again; and what else <see cref="ITransactionGrain.Enlist"/> answers.
    /// </returns>
    [ResponseTimeout("00:00:15")]
    [Alias("CommitInTransaction")]
    ValueTask<CommitResult> CommitInTransaction(TransactionalCommitRequest request);

    /// <summary>
    /// Ends a transaction: its offsets count from now on, or are forgotten. Called only by the coordinator, until it succeeds.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/> if nothing of that transaction is pending any more, durably; retriable errors of the cluster.</returns>
    [ResponseTimeout("00:00:15")]
    [Alias("EndTransaction")]
    ValueTask<ErrorCode> EndTransaction(TransactionMarker marker);

    /// <summary>Returns committed offsets.</summary>
    /// <param name="partitions">The partitions; null for all that have a committed offset.</param>
    [ResponseTimeout("00:00:10")]
    [Alias("Offsets")]
    ValueTask<OffsetsResult> Offsets(TopicPartition[]? partitions);

    /// <summary>Deletes committed offsets. The group must not subscribe to their topics.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("DeleteOffsets")]
    ValueTask<CommitResult> DeleteOffsets(TopicPartition[] partitions);

    /// <summary>Describes the group; <see cref="ErrorCode.GroupIdNotFound"/> if it has never been used.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Describe")]
    ValueTask<GroupResult> Describe();

    /// <summary>Deletes the group and its offsets; <see cref="ErrorCode.NonEmptyGroup"/> if it has members.</summary>
    [Alias("Delete")]
    ValueTask<ErrorCode> Delete();

    /// <summary>
    /// Removes expired offsets, and the group if nothing is left of it; a nonexistent group reports that to the catalog. Called
    /// periodically, and only by the catalog.
    /// </summary>
    [Alias("Expire")]
    ValueTask<ErrorCode> Expire();
}

/// <summary>One shard of the group ids. The key is a number from 0 to <see cref="Shards"/>, exclusive, as text.</summary>
[Alias("loire.IGroupCatalogGrain")]
public interface IGroupCatalogGrain : IGrainWithStringKey
{
    /// <summary>The number of shards.</summary>
    const int Shards = 16;

    /// <summary>Lists ids in ordinal order.</summary>
    /// <param name="after">Ids after this one; empty for the first page.</param>
    /// <param name="max">The maximum number of ids, from 1 to <see cref="Limits.GroupsPerPage"/>.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("List")]
    ValueTask<GroupList> List(string after, int max);

    /// <summary>Durably records that a group exists, or that it no longer does. Called only by the group.</summary>
    [Alias("Record")]
    ValueTask<ErrorCode> Record(GroupId groupId, bool exists);
}
