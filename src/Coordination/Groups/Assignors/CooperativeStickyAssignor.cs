using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>cooperative-sticky</c> (KIP-429): the assignment of <see cref="StickyAssignor"/>, to which the group moves without stopping
/// unaffected members. The result names the next owner of every partition, even if another member must revoke it first. Kafka's assignor
/// omits those partitions, because in Kafka nothing else makes the new owner wait.
/// </summary>
public sealed class CooperativeStickyAssignor : IAssignor
{
    /// <inheritdoc/>
    public string Name => "cooperative-sticky";

    /// <inheritdoc/>
    public bool IsCooperative => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts) =>
        StickyAssignment.Of(members, partitionsCounts);
}
