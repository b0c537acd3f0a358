using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>Why a member is one no more.</summary>
public enum DepartureCause
{
    /// <summary>It left.</summary>
    Left = 1,

    /// <summary>Nothing was heard of it for its session timeout.</summary>
    SessionExpired = 2,

    /// <summary>It did not give up partitions within its rebalance timeout.</summary>
    RebalanceTimedOut = 3,
}

/// <summary>
/// One durable step in the life of a group's membership. Records say what happened; what follows from it for every member is worked out by
/// <see cref="GroupState.Apply"/>, always in the same way. The bytes are <see cref="GroupRecordCodec"/>'s.
/// </summary>
public abstract record GroupRecord
{
    private GroupRecord()
    {
    }

    /// <summary>A member joined, or joined anew under its id, which fences whoever used the id before. The epoch grows.</summary>
    /// <param name="Member">The member.</param>
    public sealed record Joined(MemberProfile Member) : GroupRecord;

    /// <summary>A new member took over everything from the one that had its instance id.</summary>
    /// <param name="MemberId">The one that is fenced.</param>
    /// <param name="Successor">The one that takes over.</param>
    public sealed record Replaced(MemberId MemberId, MemberProfile Successor) : GroupRecord;

    /// <summary>A member is one no more; what it held is free. The epoch grows.</summary>
    /// <param name="MemberId">The member.</param>
    /// <param name="Cause">Why.</param>
    public sealed record Departed(MemberId MemberId, DepartureCause Cause) : GroupRecord;

    /// <summary>A member wants something else. The epoch grows unless only timeouts or user data differ.</summary>
    /// <param name="MemberId">The member.</param>
    /// <param name="Subscription">What it wants from here on.</param>
    public sealed record Resubscribed(MemberId MemberId, MemberSubscription Subscription) : GroupRecord;

    /// <summary>A member confirmed that it gave up partitions.</summary>
    /// <param name="MemberId">The member.</param>
    /// <param name="Partitions">In order.</param>
    public sealed record Released(MemberId MemberId, ImmutableArray<TopicPartition> Partitions) : GroupRecord;

    /// <summary>There is a new target assignment; only what differs from the last one is listed.</summary>
    /// <param name="Epoch">The group's epoch from here on.</param>
    /// <param name="Assignor">Who made it.</param>
    /// <param name="IsCooperative">Whether only what moves is given up first.</param>
    /// <param name="Gained">For members, in order of their ids, the partitions that are theirs now and were not.</param>
    /// <param name="Unassigned">Partitions that are nobody's any more.</param>
    public sealed record Targeted(
        int Epoch, string Assignor, bool IsCooperative, ImmutableArray<MemberPartitions> Gained, ImmutableArray<TopicPartition> Unassigned)
        : GroupRecord;

    /// <summary>Everything at once: replaces the records before it.</summary>
    /// <param name="Epoch">The group's epoch.</param>
    /// <param name="TargetEpoch">The epoch of the target assignment.</param>
    /// <param name="Assignor">Who made it.</param>
    /// <param name="IsCooperative">Whether only what moves is given up first.</param>
    /// <param name="Members">In order of their ids.</param>
    public sealed record Snapshot(
        int Epoch, int TargetEpoch, string Assignor, bool IsCooperative, ImmutableArray<MemberSnapshot> Members) : GroupRecord;
}

/// <summary>Who a member is and what it wants.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="ClientId">The application.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Subscription">What it wants.</param>
public sealed record MemberProfile(MemberId MemberId, GroupInstanceId? InstanceId, string ClientId, string Host, MemberSubscription Subscription);

/// <summary>A member and partitions.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="Partitions">In order.</param>
public sealed record MemberPartitions(MemberId MemberId, ImmutableArray<TopicPartition> Partitions);

/// <summary>A partition that a member holds.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Since">The group's epoch when it was given.</param>
/// <param name="RevokedAt">The group's epoch when it was taken back, which the member has not confirmed yet; 0 if it is not.</param>
public readonly record struct HeldPartition(TopicPartition Partition, int Since, int RevokedAt);

/// <summary>A member with all that is known of it.</summary>
/// <param name="Profile">Who it is.</param>
/// <param name="JoinedAt">The group's epoch when it joined.</param>
/// <param name="MemberEpoch">The epoch that it has reached.</param>
/// <param name="Held">What it holds, in order.</param>
/// <param name="Target">What it is to hold, in order.</param>
public sealed record MemberSnapshot(
    MemberProfile Profile, int JoinedAt, int MemberEpoch, ImmutableArray<HeldPartition> Held, ImmutableArray<TopicPartition> Target);
