using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>roundrobin</c>: all partitions in order of topic and number are dealt to the members in turn, static ones first by instance
/// id, then dynamic ones by member id (KIP-345); a member that does not subscribe to the topic is passed over. Balanced to within one
/// partition if all subscribe to the same topics, otherwise perhaps not.
/// </summary>
public sealed class RoundRobinAssignor : IAssignor
{
    /// <inheritdoc/>
    public string Name => "roundrobin";

    /// <inheritdoc/>
    public bool IsCooperative => false;

    /// <inheritdoc/>
    public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts)
    {
        var partitions = new SubscribedPartitions(members, partitionsCounts, MemberOrder.StaticFirst);
        var owners = new int[partitions.Count];
        var turn = 0;
        for (var partition = 0; partition < owners.Length; partition++)
        {
            // The next subscriber whose turn it is: the first from the turn on, or the first of all if the round is over.
            var subscribers = partitions.Topics[partitions.TopicOf(partition)].Subscribers;
            var place = Array.BinarySearch(subscribers, turn);
            place = place >= 0 ? place : ~place;
            owners[partition] = subscribers[place < subscribers.Length ? place : 0];
            turn = owners[partition] + 1;
        }

        return partitions.Assignment(owners);
    }
}
