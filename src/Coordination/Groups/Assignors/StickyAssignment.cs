using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>The algorithm behind both sticky assignors. As in Kafka, it orders all members by member id, static ones too.</summary>
internal static class StickyAssignment
{
    public static IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Of(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts)
    {
        var partitions = new SubscribedPartitions(members, partitionsCounts, MemberOrder.ById);
        var claims = new Claims(partitions);
        var owners = SubscribeToTheSame(partitions.Members)
            ? EqualShares.Assign(partitions, claims)
            : BalancedShares.Assign(partitions, claims);
        return partitions.Assignment(owners);
    }

    // As in Kafka, nonexistent topics count when choosing between the two algorithms. Kafka ignores members without subscriptions if its
    // hash map lists them first, and may then assign partitions to them; here such a member never counts as having the same subscription.
    private static bool SubscribeToTheSame(GroupSubscription[] members)
    {
        if (members.Length == 0)
        {
            return true;
        }

        var topics = members[0].Topics.ToHashSet();
        return members.All(member => ReferenceEquals(member.Topics, members[0].Topics) || topics.SetEquals(member.Topics));
    }
}
