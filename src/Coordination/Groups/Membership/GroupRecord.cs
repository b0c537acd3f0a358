using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>Why a member left the group or was removed.</summary>
public enum DepartureCause
{
    /// <summary>It left.</summary>
    Left = 1,

    /// <summary>It sent no heartbeat within its session timeout.</summary>
    SessionExpired = 2,

    /// <summary>It did not confirm revocations within its rebalance timeout.</summary>
    RebalanceTimedOut = 3,
}

/// <summary>
/// One durable change of a group's membership. A record states what happened; <see cref="GroupState.Apply"/> derives the consequences for
/// every member deterministically. Encoded by <see cref="GroupRecordCodec"/>.
/// </summary>
public abstract record GroupRecord
{
    private GroupRecord()
    {
    }

    /// <summary>A member joined, or rejoined under its id, which fences its earlier life. Raises the epoch.</summary>
    public sealed record Joined(MemberProfile Member) : GroupRecord;

    /// <summary>A new member took over from the member that had its instance id.</summary>
    /// <param name="MemberId">The fenced member.</param>
    /// <param name="Successor">The member that takes over.</param>
    public sealed record Replaced(MemberId MemberId, MemberProfile Successor) : GroupRecord;

    /// <summary>A member left or was removed; its partitions are free. Raises the epoch.</summary>
    public sealed record Departed(MemberId MemberId, DepartureCause Cause) : GroupRecord;

    /// <summary>A member changed its subscription. Raises the epoch unless only timeouts or user data differ.</summary>
    public sealed record Resubscribed(MemberId MemberId, MemberSubscription Subscription) : GroupRecord;

    /// <summary>A member confirmed revocations.</summary>
    /// <param name="MemberId">The member.</param>
    /// <param name="Partitions">In order.</param>
    public sealed record Released(MemberId MemberId, ImmutableArray<TopicPartition> Partitions) : GroupRecord;

    /// <summary>A new target assignment, as its difference from the last one.</summary>
    /// <param name="Epoch">The group's new epoch.</param>
    /// <param name="Assignor">The name of the assignor that made it.</param>
    /// <param name="IsCooperative">Whether members revoke only the partitions that move.</param>
    /// <param name="Gained">The partitions that each member gains, in order of member ids; only members that gain any.</param>
    /// <param name="Unassigned">Partitions that no longer have a target member.</param>
    public sealed record Targeted(
        int Epoch, string Assignor, bool IsCooperative, ImmutableArray<MemberPartitions> Gained, ImmutableArray<TopicPartition> Unassigned)
        : GroupRecord;

    /// <summary>The whole state; replaces the records before it.</summary>
    /// <param name="Epoch">The group's epoch.</param>
    /// <param name="TargetEpoch">The epoch of the target assignment.</param>
    /// <param name="Assignor">The name of the assignor that made it; empty without members.</param>
    /// <param name="IsCooperative">Whether members revoke only the partitions that move.</param>
    /// <param name="Members">In order of their ids.</param>
    public sealed record Snapshot(
        int Epoch, int TargetEpoch, string Assignor, bool IsCooperative, ImmutableArray<MemberSnapshot> Members) : GroupRecord;
}

/// <summary>A member's identity and subscription.</summary>
/// <param name="MemberId">Unique in the group.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="ClientId">The application, as the client names it.</param>
/// <param name="Host">The host that the client runs on.</param>
/// <param name="Subscription">Topics, assignors and timeouts.</param>
public sealed record MemberProfile(MemberId MemberId, GroupInstanceId? InstanceId, string ClientId, string Host, MemberSubscription Subscription);

/// <summary>Partitions of one member.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="Partitions">In order.</param>
public sealed record MemberPartitions(MemberId MemberId, ImmutableArray<TopicPartition> Partitions);

/// <summary>A partition that a member holds.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Since">The group's epoch when it was granted.</param>
/// <param name="RevokedAt">The group's epoch when it was revoked, if the member has not confirmed that yet; otherwise 0.</param>
public readonly record struct HeldPartition(TopicPartition Partition, int Since, int RevokedAt);

/// <summary>The complete state of a member.</summary>
/// <param name="Profile">Its identity and subscription.</param>
/// <param name="JoinedAt">The group's epoch when it joined.</param>
/// <param name="MemberEpoch">The target epoch that it has reached.</param>
/// <param name="Held">The partitions assigned to it or being revoked, in order.</param>
/// <param name="Target">Its partitions in the target assignment, in order.</param>
public sealed record MemberSnapshot(
    MemberProfile Profile, int JoinedAt, int MemberEpoch, ImmutableArray<HeldPartition> Held, ImmutableArray<TopicPartition> Target);
