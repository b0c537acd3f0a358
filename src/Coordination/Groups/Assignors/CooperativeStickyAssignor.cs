using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Kafka's <c>cooperative-sticky</c> (KIP-429): the assignment of <see cref="StickyAssignor"/>, which the group moves to without stopping
/// whom it does not concern. The result names each partition's next owner, also where another member has to give it up first; Kafka's
/// assignor leaves those out, because there nobody else makes the new owner wait.
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
