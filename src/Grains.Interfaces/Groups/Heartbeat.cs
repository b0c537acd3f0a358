using Loire.Model;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>A member's sign of life, and what it wants.</summary>
/// <param name="MemberId">Chosen by the member, 1 to <see cref="Limits.GroupIdLength"/> characters, new for each life of it (a random
/// UUID).</param>
/// <param name="InstanceId">A name that outlives the member (KIP-345): a new member with it takes over from the old one; null for
/// none.</param>
/// <param name="MemberEpoch">0 to join, otherwise the epoch of the last answer.</param>
/// <param name="ClientId">Names the application to people.</param>
/// <param name="Host">Where it runs, for people.</param>
/// <param name="Subscription">What it wants to read. Always sent with epoch 0; afterwards null if it has not changed.</param>
/// <param name="Owned">The partitions that the member works on now. What it was told to give up and is not in here is free for
/// others.</param>
/// <param name="MaxWait">How long the answer may wait for news; 0 to be answered at once. The group shortens it to its heartbeat
/// interval.</param>
[GenerateSerializer, Immutable, Alias("loire.HeartbeatRequest")]
public sealed record HeartbeatRequest(
    [property: Id(0)] MemberId MemberId,
    [property: Id(1)] GroupInstanceId? InstanceId,
    [property: Id(2)] int MemberEpoch,
    [property: Id(3)] string ClientId,
    [property: Id(4)] string Host,
    [property: Id(5)] MemberSubscription? Subscription,
    [property: Id(6)] TopicPartition[] Owned,
    [property: Id(7)] TimeSpan MaxWait);

/// <summary>What a member subscribes to, and on which terms.</summary>
/// <param name="Topics">Names of topics; they need not exist yet.</param>
/// <param name="Pattern">A regular expression (RE2's subset of .NET's, non-backtracking) that whole names of topics must match; null for none.
/// Together with names, both count.</param>
/// <param name="Assignors">Names of assignors in order of preference (<c>partition.assignment.strategy</c>). The group takes the one that
/// every member lists and most prefer.</param>
/// <param name="SessionTimeout">Without a sign of life for so long, the member is removed (<c>session.timeout.ms</c>).</param>
/// <param name="RebalanceTimeout">So long a member may take to give up partitions; then it is removed (<c>max.poll.interval.ms</c>).</param>
/// <param name="UserData">What the member has kept for itself, at most <see cref="Limits.MemberUserDataLength"/> characters; the group only
/// tells it (the user data of Kafka's subscriptions). Null for nothing.</param>
[GenerateSerializer, Immutable, Alias("loire.MemberSubscription")]
public sealed record MemberSubscription(
    [property: Id(0)] TopicName[] Topics,
    [property: Id(1)] string? Pattern,
    [property: Id(2)] string[] Assignors,
    [property: Id(3)] TimeSpan SessionTimeout,
    [property: Id(4)] TimeSpan RebalanceTimeout,
    [property: Id(5)] string? UserData = null);

/// <summary>The group's answer to a heartbeat.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnknownMemberId"/> if the member was removed and has lost everything: it may join
/// anew; <see cref="ErrorCode.FencedMemberEpoch"/> likewise; <see cref="ErrorCode.FencedInstanceId"/> or
/// <see cref="ErrorCode.UnreleasedInstanceId"/> if another member has its instance id;
/// <see cref="ErrorCode.InconsistentGroupProtocol"/> or <see cref="ErrorCode.UnsupportedAssignor"/> if it cannot agree with the others;
/// <see cref="ErrorCode.InvalidRegularExpression"/>; <see cref="ErrorCode.GroupMaxSizeReached"/>;
/// <see cref="ErrorCode.UnknownServerError"/> if it is a member and has nothing because no assignor of the group works: it heartbeats on;
/// retriable errors of the cluster.
/// </param>
/// <param name="MemberEpoch">The epoch to heartbeat and commit with.</param>
/// <param name="Assignment">Exactly the partitions that the member may work on now, in order. Those that it owns and that are not in here it
/// gives up and confirms with its next heartbeat.</param>
/// <param name="HeartbeatInterval">Heartbeat again within this time.</param>
/// <param name="Detail">One sentence for a person, where the error code does not say enough.</param>
[GenerateSerializer, Immutable, Alias("loire.HeartbeatResult")]
public sealed record HeartbeatResult(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] int MemberEpoch,
    [property: Id(2)] TopicPartition[] Assignment,
    [property: Id(3)] TimeSpan HeartbeatInterval,
    [property: Id(4)] string? Detail);

/// <summary>A member that leaves.</summary>
/// <param name="MemberId">The member; null to name it by its instance id.</param>
/// <param name="InstanceId">The instance id, if it has one.</param>
/// <param name="Reason">One sentence for the log (KIP-800).</param>
[GenerateSerializer, Immutable, Alias("loire.LeaveRequest")]
public sealed record LeaveRequest(
    [property: Id(0)] MemberId? MemberId, [property: Id(1)] GroupInstanceId? InstanceId, [property: Id(2)] string? Reason);
