using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>The assignment that both sticky assignors make. Kafka orders members by member id here, also static ones.</summary>
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

    // Topics that do not exist count too, as in Kafka: they decide which of the two algorithms runs. Kafka overlooks members that subscribe
    // to nothing if its hash map lists them first, and may give them partitions; here they never count as alike.
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
