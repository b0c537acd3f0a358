using System.Collections.Immutable;

namespace Loire.Model.Groups;

/// <summary>A member's heartbeat: joins, stays, changes the subscription, and confirms what was given up.</summary>
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
    [Id(0)] MemberId MemberId,
    [Id(1)] GroupInstanceId? InstanceId,
    [Id(2)] int MemberEpoch,
    [Id(3)] string ClientId,
    [Id(4)] string Host,
    [Id(5)] MemberSubscription? Subscription,
    [Id(6)] ImmutableArray<TopicPartition> Owned,
    [Id(7)] TimeSpan MaxWait);
