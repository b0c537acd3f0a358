using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>sticky</c> (KIP-54): as balanced as possible, then with as few moves as possible. As in Kafka, the rebalance is still eager:
/// all members stop, and most resume with the partitions that they had. Ignores racks.
/// </summary>
public sealed class StickyAssignor : IAssignor
{
    /// <inheritdoc/>
    public string Name => "sticky";

    /// <inheritdoc/>
    public bool IsCooperative => false;

    /// <inheritdoc/>
    public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts) =>
        StickyAssignment.Of(members, partitionsCounts);
}
