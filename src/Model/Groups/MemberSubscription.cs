using System.Collections.Immutable;

namespace Loire.Model.Groups;

/// <summary>A member's subscription: topics, assignors and timeouts.</summary>
/// <param name="Topics">Topic names; the topics need not exist yet.</param>
/// <param name="Pattern">A regular expression (RE2's subset of .NET's, non-backtracking) that must match the whole topic name; null for
/// none. It adds to the topics subscribed to by name.</param>
/// <param name="Assignors">Assignor names in order of preference (<c>partition.assignment.strategy</c>). Of those that every member lists,
/// the group uses the one that most members prefer.</param>
/// <param name="SessionTimeout">The member is removed if it sends no heartbeat for this long (<c>session.timeout.ms</c>).</param>
/// <param name="RebalanceTimeout">The member is removed if a revocation takes longer than this (<c>max.poll.interval.ms</c>).</param>
/// <param name="UserData">The member's own data, at most <see cref="Limits.MemberUserDataLength"/> characters, which the group stores and
/// shows but does not interpret (the user data of Kafka's subscriptions). Null for none.</param>
/// <param name="Classic">The protocols of a member that joined by JoinGroup, of which <paramref name="Topics"/> was read; none for others. Set by
/// the group alone.</param>
[GenerateSerializer, Immutable, Alias("loire.MemberSubscription")]
public sealed record MemberSubscription(
    [Id(0)] ImmutableArray<TopicName> Topics,
    [Id(1)] string? Pattern,
    [Id(2)] ImmutableArray<string> Assignors,
    [Id(3)] TimeSpan SessionTimeout,
    [Id(4)] TimeSpan RebalanceTimeout,
    [Id(5)] string? UserData = null,
    [Id(6)] ImmutableArray<ClassicProtocol> Classic = default)
{
    /// <summary>Whether both lead to the same assignment; timeouts and user data may differ.</summary>
    public bool AssignsLike(MemberSubscription other) =>
        Pattern == other.Pattern && Topics.SequenceEqual(other.Topics) && Assignors.SequenceEqual(other.Assignors, StringComparer.Ordinal);

    /// <summary>Whether both are equal by value; the record's own equality compares lists by reference.</summary>
    public bool SameAs(MemberSubscription other) =>
        AssignsLike(other) && SessionTimeout == other.SessionTimeout && RebalanceTimeout == other.RebalanceTimeout
        && UserData == other.UserData && IsClassic == other.IsClassic && (!IsClassic || ClassicProtocol.AreSame(Classic, other.Classic));

    /// <summary>Whether the member joined by JoinGroup: the group assigns to it as to the others, and it learns of that by joining again.</summary>
    public bool IsClassic => !Classic.IsDefaultOrEmpty;
}
