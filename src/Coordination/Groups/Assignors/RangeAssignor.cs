using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>range</c>: splits each topic into one contiguous range of partitions per subscriber; if they do not divide evenly, the first
/// subscribers get one more. Static members come first, by instance id, then dynamic ones by member id (KIP-345). Topics with the same
/// partition count and subscribers are co-partitioned, at the expense of balance across many topics. Ignores racks.
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
