using System.Collections.Immutable;

namespace Loire.Model.Groups;

/// <summary>The group's answer to a heartbeat.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnknownMemberId"/> if the member was removed and has lost all partitions: it may
/// rejoin; <see cref="ErrorCode.FencedMemberEpoch"/> likewise; <see cref="ErrorCode.FencedInstanceId"/> or
/// <see cref="ErrorCode.UnreleasedInstanceId"/> if another member has its instance id;
/// <see cref="ErrorCode.InconsistentGroupProtocol"/> or <see cref="ErrorCode.UnsupportedAssignor"/> if it shares no assignor with the other
/// members or the broker; <see cref="ErrorCode.InvalidRegularExpression"/>; <see cref="ErrorCode.GroupMaxSizeReached"/>;
/// <see cref="ErrorCode.UnknownServerError"/> if it is a member without partitions because every assignor of the group fails: it keeps
/// sending heartbeats; retriable errors of the cluster.
/// </param>
/// <param name="MemberEpoch">The epoch for the next heartbeats and commits.</param>
/// <param name="Assignment">Exactly the partitions that the member may consume now, in order. It must revoke owned partitions that are not
/// listed and confirm that with its next heartbeat.</param>
/// <param name="HeartbeatInterval">The next heartbeat is due within this time.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.HeartbeatResult")]
public sealed record HeartbeatResult(
    [Id(0)] ErrorCode Error,
    [Id(1)] int MemberEpoch,
    [Id(2)] ImmutableArray<TopicPartition> Assignment,
    [Id(3)] TimeSpan HeartbeatInterval,
    [Id(4)] string? Detail = null);
