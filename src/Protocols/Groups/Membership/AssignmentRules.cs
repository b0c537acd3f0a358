using System.Collections.Immutable;
using Loire.Model;
using Loire.Protocols.Groups.Assignors;

namespace Loire.Protocols.Groups.Membership;

/// <summary>When a group needs a new target assignment, who makes it, and what it changes.</summary>
public static class AssignmentRules
{
    /// <summary>
    /// Whether topics that exist and are subscribed to differ from those that the target assignment divides. (That members or subscriptions
    /// have changed shows in the epochs.)
    /// </summary>
    public static bool TopicsDiffer(GroupState state, IReadOnlyDictionary<TopicName, int> topics)
    {
        var subscribed = Subscribed(state, topics).SelectMany(member => member.Topics).Distinct()
            .Where(topic => topics.GetValueOrDefault(topic) > 0).ToArray();
        return subscribed.Length != state.TargetCounts.Count
            || subscribed.Any(topic => topics[topic] != state.TargetCounts.GetValueOrDefault(topic));
    }

    /// <summary>
    /// The assignor of a group: of those that all members list and the broker knows, the one that comes first in most lists; of several the
    /// one in use, or else the first by name. So a group moves from one to another by one rolling change of the lists: while one member
    /// lists only the old one it stays, and with the last change of the lists it moves to what most prefer.
    /// </summary>
    public static IAssignor Choose(GroupState state, AssignorRegistry registry)
    {
        var votes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var member in state.Members.Values)
        {
            var favourite = member.Profile.Subscription.Assignors.FirstOrDefault(
                name => state.CountListing(name) == state.Members.Count && registry.TryGet(name, out _));
            if (favourite is not null)
            {
                votes[favourite] = votes.GetValueOrDefault(favourite) + 1;
            }
        }

        // Joining needs an assignor in common. There is none only if the broker has lost it since; then any will do, rather than none.
        var most = votes.Count == 0 ? 0 : votes.Values.Max();
        var chosen = votes.Where(vote => vote.Value == most).Select(vote => vote.Key).ToArray();
        var name = chosen.Contains(state.Assignor) || chosen.Length == 0 ? state.Assignor : chosen[0];
        return registry.TryGet(name, out var assignor) ? assignor : AssignorRegistry.BuiltIn[^1];
    }

    /// <summary>Makes a new target assignment.</summary>
    public static GroupRecord.Targeted Assign(GroupState state, IReadOnlyDictionary<TopicName, int> topics, AssignorRegistry registry)
    {
        var assignor = Choose(state, registry);
        var members = Subscribed(state, topics);
        var counts = members.SelectMany(member => member.Topics).Distinct().Where(topic => topics.GetValueOrDefault(topic) > 0)
            .ToDictionary(topic => topic, topic => topics[topic]);
        var assignment = assignor.Assign(members, counts);
        Check(assignor, members, counts, assignment);

        var gained = ImmutableArray.CreateBuilder<MemberPartitions>();
        foreach (var (memberId, member) in state.Members)
        {
            var gains = assignment[memberId].Where(partition => state.Target.GetValueOrDefault(partition) != member)
                .ToImmutableArray().Sort();
            if (!gains.IsEmpty)
            {
                gained.Add(new MemberPartitions(memberId, gains));
            }
        }

        var unassigned = state.Target.Keys.Where(
            partition => !counts.TryGetValue(partition.Topic, out var count) || partition.Partition >= count);
        return new GroupRecord.Targeted(
            state.Epoch + 1, assignor.Name, assignor.IsCooperative, gained.ToImmutable(), [.. unassigned.Order()]);
    }

    /// <summary>
    /// The members as assignors see them. What a member had is its part of the last target, not what it holds at the moment: in the middle
    /// of a rebalance that is where the partitions are going, and in an eager one nobody holds any.
    /// </summary>
    private static List<GroupSubscription> Subscribed(GroupState state, IReadOnlyDictionary<TopicName, int> topics)
    {
        var resolved = new Dictionary<(int Count, TopicName First, string? Pattern), List<(SubscriptionTerms Terms, TopicName[] Topics)>>();
        var members = new List<GroupSubscription>(state.Members.Count);
        foreach (var (memberId, member) in state.Members)
        {
            var terms = member.Profile.Subscription;
            var key = (terms.Topics.Length, terms.Topics.FirstOrDefault(), terms.Pattern);
            if (!resolved.TryGetValue(key, out var alike))
            {
                resolved.Add(key, alike = []);
            }

            var names = alike.Find(other => other.Terms.Topics.SequenceEqual(terms.Topics)).Topics;
            if (names is null)
            {
                var matching = member.Pattern is null ? [] : topics.Keys.Where(member.Pattern.Matches);
                names = [.. terms.Topics.Union(matching).Order()];
                alike.Add((terms, names));
            }

            members.Add(new GroupSubscription(
                memberId, member.Profile.InstanceId, names, [.. member.Target], member.Target.Count == 0 ? -1 : state.TargetEpoch));
        }

        return members;
    }

    private static void Check(
        IAssignor assignor, List<GroupSubscription> members, Dictionary<TopicName, int> counts,
        IReadOnlyDictionary<string, IReadOnlyList<TopicPartition>> assignment)
    {
        var left = counts.Values.Sum(count => (long)count);
        var assigned = new HashSet<TopicPartition>();
        var topicsOf = new Dictionary<IReadOnlyList<TopicName>, HashSet<TopicName>>(ReferenceEqualityComparer.Instance);
        foreach (var member in members)
        {
            if (!topicsOf.TryGetValue(member.Topics, out var topics))
            {
                topicsOf.Add(member.Topics, topics = [.. member.Topics]);
            }

            foreach (var partition in assignment[member.MemberId])
            {
                Invariant.Check(
                    topics.Contains(partition.Topic) && partition.Partition >= 0
                        && partition.Partition < counts.GetValueOrDefault(partition.Topic) && assigned.Add(partition),
                    $"the assignor {assignor.Name} gives each partition once, and to a member that subscribes to it");
            }
        }

        Invariant.Check(assigned.Count == left, $"the assignor {assignor.Name} gives every partition to someone");
    }
}
