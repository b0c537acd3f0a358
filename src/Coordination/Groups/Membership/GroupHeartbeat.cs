using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>A member's sign of life, and what it wants.</summary>
/// <param name="MemberId">The member, 1 to <see cref="Limits.GroupIdLength"/> characters, new for each life of it.</param>
/// <param name="InstanceId">A name that outlives the member (KIP-345); null for a dynamic member.</param>
/// <param name="MemberEpoch">0 to join, otherwise the epoch of the last answer.</param>
/// <param name="ClientId">Names the application to people.</param>
/// <param name="Host">Where it runs, for people.</param>
/// <param name="Subscription">What it wants; needed to join, afterwards null if it has not changed.</param>
/// <param name="Owned">What the member works on now. What it was told to give up and is not in here is free for others.</param>
public sealed record GroupHeartbeat(
    MemberId MemberId, GroupInstanceId? InstanceId, int MemberEpoch, string ClientId, string Host, SubscriptionTerms? Subscription,
    IReadOnlyCollection<TopicPartition> Owned);

/// <summary>What a member subscribes to, and on which terms.</summary>
/// <param name="Topics">Names of topics; they need not exist. In order, each once.</param>
/// <param name="Pattern">A regular expression (<see cref="TopicPattern"/>) that whole names must match; null for none.</param>
/// <param name="Assignors">Names of assignors in order of preference.</param>
/// <param name="SessionTimeout">Without a sign of life for so long, the member is removed.</param>
/// <param name="RebalanceTimeout">So long a member may take to give up partitions; then it is removed.</param>
/// <param name="UserData">What the member has kept for itself; null for nothing. No rule looks at it.</param>
public sealed record SubscriptionTerms(
    ImmutableArray<TopicName> Topics, string? Pattern, ImmutableArray<string> Assignors, TimeSpan SessionTimeout,
    TimeSpan RebalanceTimeout, string? UserData = null)
{
    /// <summary>Whether both make the same assignment: they may differ in the timeouts and in the user data.</summary>
    public bool AssignsLike(SubscriptionTerms other) =>
        Pattern == other.Pattern && Topics.SequenceEqual(other.Topics) && Assignors.SequenceEqual(other.Assignors, StringComparer.Ordinal);

    /// <summary>Whether the terms are the same in every part.</summary>
    public bool SameAs(SubscriptionTerms other) =>
        AssignsLike(other) && SessionTimeout == other.SessionTimeout && RebalanceTimeout == other.RebalanceTimeout
        && UserData == other.UserData;
}
