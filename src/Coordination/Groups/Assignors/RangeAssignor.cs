using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>range</c>: each topic is cut into one run of partitions a subscriber, the first subscribers getting one more where it does
/// not divide. Static members come first, by instance id, then dynamic ones by member id (KIP-345). Partitions of the same number meet at
/// one member for topics of the same size and subscribers, at the price of balance over many topics. Racks are not considered.
/// </summary>
public sealed class RangeAssignor : IAssignor
{
    /// <inheritdoc/>
    public string Name => "range";

    /// <inheritdoc/>
    public bool IsCooperative => false;

    /// <inheritdoc/>
    public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts)
    {
        var partitions = new SubscribedPartitions(members, partitionsCounts, MemberOrder.StaticFirst);
        var owners = new int[partitions.Count];
        foreach (var topic in partitions.Topics)
        {
            var (quota, more) = Math.DivRem(topic.PartitionsCount, topic.Subscribers.Length);
            var next = topic.First;
            for (var place = 0; place < topic.Subscribers.Length; place++)
            {
                var run = place < more ? quota + 1 : quota;
                Array.Fill(owners, topic.Subscribers[place], next, run);
                next += run;
            }
        }

        return partitions.Assignment(owners);
    }
}
