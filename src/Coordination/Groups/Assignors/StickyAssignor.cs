using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>sticky</c> (KIP-54): as balanced as it can be, and then as little as possible moves. The group still moves eagerly, as in
/// Kafka: everybody stops, and most go on with what they had. Racks are not considered.
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
