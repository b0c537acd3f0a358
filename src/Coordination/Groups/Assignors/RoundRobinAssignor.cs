using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>roundrobin</c>: deals all partitions, ordered by topic and number, to the members in turn: static ones by instance id, then
/// dynamic ones by member id (KIP-345). Members that do not subscribe to the topic are skipped. Balanced to within one partition if all
/// members subscribe to the same topics; no guarantee otherwise.
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
            // The first subscriber at or after the turn; wraps around at the end of the round.
            var subscribers = partitions.Topics[partitions.TopicOf(partition)].Subscribers;
            var place = Array.BinarySearch(subscribers, turn);
            place = place >= 0 ? place : ~place;
            owners[partition] = subscribers[place < subscribers.Length ? place : 0];
            turn = owners[partition] + 1;
        }

        return partitions.Assignment(owners);
    }
}
