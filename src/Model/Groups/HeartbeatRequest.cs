using System.Collections.Immutable;

namespace Loire.Model.Groups;

/// <summary>A member's heartbeat: joins the group, keeps the session alive, changes the subscription and confirms revocations.</summary>
/// <param name="MemberId">Chosen by the member, 1 to <see cref="Limits.GroupIdLength"/> characters, new for each life (a random
/// UUID).</param>
/// <param name="InstanceId">A name that outlives the member (KIP-345): a new member with the same name takes over from the old one; null
/// for none.</param>
/// <param name="MemberEpoch">0 to join, otherwise the epoch of the last answer.</param>
/// <param name="ClientId">Identifies the application to operators.</param>
/// <param name="Host">The host that the client runs on, for operators.</param>
/// <param name="Subscription">The member's subscription. Required with epoch 0; afterwards null if it has not changed.</param>
/// <param name="Owned">The partitions that the member currently consumes. Revoked partitions that are not listed are confirmed and free for
/// others.</param>
/// <param name="MaxWait">How long the answer may wait for news; 0 for an immediate answer. The group shortens it to its heartbeat
/// interval.</param>
/// <param name="Incarnation">Tells apart the consumers that join under one member id, of which the last one is the member; null where a member
/// id belongs to one consumer alone. At most <see cref="Limits.GroupIdLength"/> characters.</param>
/// <param name="AwaitsRelease">Whether a join with the instance id of a member that is there is refused with
/// <see cref="ErrorCode.UnreleasedInstanceId"/>, as KIP-848 has it, instead of taking over at once.</param>
[GenerateSerializer, Immutable, Alias("loire.HeartbeatRequest")]
public sealed record HeartbeatRequest(
    [Id(0)] MemberId MemberId,
    [Id(1)] GroupInstanceId? InstanceId,
    [Id(2)] int MemberEpoch,
    [Id(3)] string ClientId,
    [Id(4)] string Host,
    [Id(5)] MemberSubscription? Subscription,
    [Id(6)] ImmutableArray<TopicPartition> Owned,
    [Id(7)] TimeSpan MaxWait,
    [Id(8)] string? Incarnation = null,
    [Id(9)] bool AwaitsRelease = false);
