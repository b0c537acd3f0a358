using System.Collections.Immutable;

namespace Loire.Model.Groups;

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
    [Id(0)] ImmutableArray<TopicName> Topics,
    [Id(1)] string? Pattern,
    [Id(2)] ImmutableArray<string> Assignors,
    [Id(3)] TimeSpan SessionTimeout,
    [Id(4)] TimeSpan RebalanceTimeout,
    [Id(5)] string? UserData = null)
{
    /// <summary>Whether both make the same assignment: they may differ in the timeouts and in the user data.</summary>
    public bool AssignsLike(MemberSubscription other) =>
        Pattern == other.Pattern && Topics.SequenceEqual(other.Topics) && Assignors.SequenceEqual(other.Assignors, StringComparer.Ordinal);

    /// <summary>Whether both agree in every part; the record's own equality compares lists by reference.</summary>
    public bool SameAs(MemberSubscription other) =>
        AssignsLike(other) && SessionTimeout == other.SessionTimeout && RebalanceTimeout == other.RebalanceTimeout
        && UserData == other.UserData;
}
