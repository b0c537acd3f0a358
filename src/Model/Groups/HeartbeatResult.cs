using System.Collections.Immutable;

namespace Loire.Model.Groups;

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
    [Id(0)] ErrorCode Error,
    [Id(1)] int MemberEpoch,
    [Id(2)] ImmutableArray<TopicPartition> Assignment,
    [Id(3)] TimeSpan HeartbeatInterval,
    [Id(4)] string? Detail = null);
