using System.Collections.Immutable;
using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>When a group needs a new target assignment, who makes it, and what it changes.</summary>
public static class AssignmentRules
{
    /// <summary>
    /// Whether the subscribed topics that exist, or their partition counts, differ from those in the target assignment. (Changes of members
    /// or subscriptions show in the epochs.)
    /// </summary>
    public static bool TopicsDiffer(GroupState state, IReadOnlyDictionary<TopicName, int> topics)
    {
        var subscribed = Subscribed(state, topics).SelectMany(member => member.Topics).Distinct()
            .Where(topic => topics.GetValueOrDefault(topic) > 0).ToArray();
        return subscribed.Length != state.TargetCounts.Count
            || subscribed.Any(topic => topics[topic] != state.TargetCounts.GetValueOrDefault(topic));
    }

    /// <summary>
    /// Chooses the assignor of a group by majority: each member votes for the first assignor in its list that the broker knows and all
    /// members list. Ties go to the assignor in use, otherwise to the first by name. A group therefore changes its assignor with one
    /// rolling update of the lists: it keeps the old one until the last member that lists only that one is updated.
    /// </summary>
    /// <param name="state">The group.</param>
    /// <param name="registry">The broker's assignors.</param>
    /// <param name="failed">Assignors that have failed; treated as if no member listed them.</param>
    /// <returns>Null if all have failed.</returns>
    public static IAssignor? Choose(GroupState state, AssignorRegistry registry, IReadOnlyList<AssignorFailure> failed)
    {
        var votes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var member in state.Members.Values)
        {
            var favourite = member.Profile.Subscription.Assignors.FirstOrDefault(
                name => state.CountListing(name) == state.Members.Count && registry.TryGet(name, out _)
                    && !failed.Any(failure => failure.Assignor == name));
            if (favourite is not null)
            {
                votes[favourite] = votes.GetValueOrDefault(favourite) + 1;
            }
        }

        if (votes.Count == 0 && failed.Count > 0)
        {
            return null;
        }

        // Members can join only with a common assignor. If the broker no longer has it, fall back to any rather than none.
        var most = votes.Count == 0 ? 0 : votes.Values.Max();
        var chosen = votes.Where(vote => vote.Value == most).Select(vote => vote.Key).ToArray();
        var name = chosen.Contains(state.Assignor) || chosen.Length == 0 ? state.Assignor : chosen[0];
        return registry.TryGet(name, out var assignor) ? assignor : AssignorRegistry.BuiltIn[^1];
    }

    /// <summary>Makes a new target assignment with the chosen assignor or, if that fails, the next one that all members list.</summary>
    public static AssignmentOutcome Assign(GroupState state, IReadOnlyDictionary<TopicName, int> topics, AssignorRegistry registry)
    {
        var members = Subscribed(state, topics);
        var counts = members.SelectMany(member => member.Topics).Distinct().Where(topic => topics.GetValueOrDefault(topic) > 0)
            .ToDictionary(topic => topic, topic => topics[topic]);
        List<AssignorFailure> failures = [];
        while (Choose(state, registry, failures) is { } assignor)
        {
            if (CheckedAssignment.TryMake(assignor, members, counts, out var assignment, out var failure))
            {
                return new AssignmentOutcome(Difference(state, assignor, assignment, counts), failures);
            }

            failures.Add(failure);
        }

        return new AssignmentOutcome(null, failures);
    }

    /// <summary>
    /// Repeats the last target at a new epoch when every assignor has failed. An eager group grants nothing while a new target is pending,
    /// so without this record it would wait indefinitely. Null if the record would change nothing.
    /// </summary>
    public static GroupRecord.Targeted? Again(GroupState state) =>
        state.IsCooperative || state.Target.Count == 0 || state.Epoch == state.TargetEpoch
            ? null
            : new GroupRecord.Targeted(state.Epoch + 1, state.Assignor, state.IsCooperative, [], []);

    private static GroupRecord.Targeted Difference(
        GroupState state, IAssignor assignor, Dictionary<MemberId, TopicPartition[]> assignment, Dictionary<TopicName, int> counts)
    {
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
    /// The members as assignors see them. A member's previous partitions are its part of the last target, not those that it currently
    /// holds: during a rebalance the partitions are still moving to the target, and in an eager one no member holds any.
    /// </summary>
    private static List<GroupSubscription> Subscribed(GroupState state, IReadOnlyDictionary<TopicName, int> topics)
    {
        var resolved = new Dictionary<(int Count, TopicName First, string? Pattern), List<(MemberSubscription Terms, TopicName[] Topics)>>();
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
}
