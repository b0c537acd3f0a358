using Loire.Model;
using Loire.Model.Groups;
using Orleans.Concurrency;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>
/// A consumer group: its members, who owns which partition, and the committed offsets. The key is the group's id. Calls interleave, because
/// heartbeats wait for news while commits go on.
/// </summary>
[Alias("loire.IGroupGrain")]
public interface IGroupGrain : IGrainWithStringKey
{
    /// <summary>
    /// Joins the group, stays in it, changes the subscription, and confirms what was given up: one call for all, as in KIP-848. It is
    /// answered when there is news for the member, at the latest after <see cref="HeartbeatRequest.MaxWait"/>. A member has one such call
    /// under way; a newer one ends the older one.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Heartbeat")]
    ValueTask<HeartbeatResult> Heartbeat(HeartbeatRequest request, CancellationToken cancellation);

    /// <summary>Leaves the group; a static member that only restarts does not call this. Unknown members are no error.</summary>
    [Alias("Leave")]
    ValueTask<ErrorCode> Leave(LeaveRequest request);

    /// <summary>Stores offsets, durable when answered. A member commits with its epoch; without a member the group must be empty.</summary>
    [Alias("Commit")]
    ValueTask<CommitResult> Commit(CommitRequest request);

    /// <summary>The committed offsets.</summary>
    /// <param name="partitions">Of which partitions; null for all that have one.</param>
    [Alias("Offsets")]
    ValueTask<OffsetsResult> Offsets(TopicPartition[]? partitions);

    /// <summary>Removes committed offsets. The group must not subscribe to their topics.</summary>
    [Alias("DeleteOffsets")]
    ValueTask<CommitResult> DeleteOffsets(TopicPartition[] partitions);

    /// <summary>The group as it is; a group that nobody has used is <see cref="ErrorCode.GroupIdNotFound"/>.</summary>
    [Alias("Describe")]
    ValueTask<GroupResult> Describe();

    /// <summary>Deletes the group with its offsets. It must be empty, or the answer is <see cref="ErrorCode.NonEmptyGroup"/>.</summary>
    [Alias("Delete")]
    ValueTask<ErrorCode> Delete();

    /// <summary>
    /// Removes expired offsets, and the group if nothing is left of it; one that does not exist tells the catalog so. Called by the catalog
    /// alone, from time to time.
    /// </summary>
    [Alias("Expire")]
    ValueTask<ErrorCode> Expire();
}

/// <summary>The ids of groups, spread over several such grains. The key is a number from 0 to <see cref="Shards"/>, exclusive, as text.</summary>
[Alias("loire.IGroupCatalogGrain")]
public interface IGroupCatalogGrain : IGrainWithStringKey
{
    /// <summary>How many there are.</summary>
    const int Shards = 16;

    /// <summary>Lists ids in ordinal order.</summary>
    /// <param name="after">Ids after this one; empty for the first page.</param>
    /// <param name="max">Ids at most, from 1 to <see cref="Limits.GroupsPerPage"/>.</param>
    [AlwaysInterleave]
    [Alias("List")]
    ValueTask<GroupList> List(string after, int max);

    /// <summary>Notes durably that a group exists, or that it does not any more. Called by the group alone.</summary>
    [Alias("Record")]
    ValueTask<ErrorCode> Record(GroupId groupId, bool exists);
}
