using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// Runs an assignor and validates its result, since assignors may be third-party code. A valid assignment assigns every partition exactly
/// once, to a member that subscribes to its topic.
/// </summary>
internal static class CheckedAssignment
{
    /// <summary>Makes an assignment, or reports why the assignor failed.</summary>
    public static bool TryMake(
        IAssignor assignor, IReadOnlyList<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> counts,
        [NotNullWhen(true)] out Dictionary<MemberId, TopicPartition[]>? assignment, [NotNullWhen(false)] out AssignorFailure? failure)
    {
        string? problem;
        (assignment, failure) = (null, null);
        try
        {
            problem = Copy(assignor.Assign(members, counts), members, out var copy) ?? Problem(copy, members, counts);
            assignment = problem is null ? copy : null;
        }
        catch (Exception exception)
        {
            failure = new AssignorFailure(assignor.Name, $"It threw: {exception.Message}", exception);
            return false;
        }

        failure = problem is null ? null : new AssignorFailure(assignor.Name, problem, null);
        return assignment is not null;
    }

    // Validate and use a copy: the assignor may still modify its lists.
    private static string? Copy(
        IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>>? made, IReadOnlyList<GroupSubscription> members,
        out Dictionary<MemberId, TopicPartition[]> copy)
    {
        copy = new Dictionary<MemberId, TopicPartition[]>(members.Count);
        foreach (var member in members)
        {
            if (made is null || !made.TryGetValue(member.MemberId, out var partitions) || partitions is null)
            {
                return $"It has no list for member {member.MemberId}.";
            }

            copy.Add(member.MemberId, [.. partitions]);
        }

        foreach (var memberId in made?.Keys ?? [])
        {
            if (!copy.ContainsKey(memberId))
            {
                return $"It assigns to '{memberId}', which is no member.";
            }
        }

        return null;
    }

    private static string? Problem(
        Dictionary<MemberId, TopicPartition[]> assignment, IReadOnlyList<GroupSubscription> members,
        IReadOnlyDictionary<TopicName, int> counts)
    {
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
                if (!topics.Contains(partition.Topic))
                {
                    return $"It assigns {partition} to member {member.MemberId}, which does not subscribe to that topic.";
                }

                if (partition.Partition < 0 || partition.Partition >= counts.GetValueOrDefault(partition.Topic))
                {
                    return $"It assigns {partition}, which does not exist.";
                }

                if (!assigned.Add(partition))
                {
                    return $"It assigns {partition} twice.";
                }
            }
        }

        var all = counts.Values.Sum(count => (long)count);
        return assigned.Count == all ? null : $"It leaves {all - assigned.Count} of {all} partitions to nobody.";
    }
}
