using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Divides the partitions of topics among the subscribed members of a group. A pure function: the result depends neither on the order of
/// the members nor on that of the topics.
/// </summary>
public interface IAssignor
{
    /// <summary>The name in <c>partition.assignment.strategy</c>, such as <c>range</c>.</summary>
    string Name { get; }

    /// <summary>
    /// How a group moves to a new assignment. False (eager): every member revokes all its partitions before any is granted. True
    /// (cooperative): members revoke only the partitions that change owner.
    /// </summary>
    bool IsCooperative { get; }

    /// <summary>
    /// Computes an assignment. If it throws or returns an invalid one, the failure is logged and the group uses another assignor or keeps
    /// its last assignment.
    /// </summary>
    /// <param name="members">The members; ids are unique.</param>
    /// <param name="partitionsCounts">The number of partitions of each existing topic. A subscribed topic that is not listed does not
    /// exist.</param>
    /// <returns>The partitions of each member, in order; an empty list for a member without any. Each partition of a topic with a
    /// subscriber occurs exactly once.</returns>
    IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts);
}

/// <summary>A member as an assignor sees it.</summary>
/// <param name="MemberId">Unique in the group.</param>
/// <param name="InstanceId">The id of a static member (KIP-345); null for a dynamic one.</param>
/// <param name="Topics">The topics subscribed to, each once, in any order.</param>
/// <param name="Owned">The member's previous partitions; sticky assignors keep them in place where possible.</param>
/// <param name="OwnedGeneration">The generation (epoch) in which the member had them; the newer of two claims to a partition wins. −1 if
/// unknown.</param>
public sealed record GroupSubscription(
    MemberId MemberId, GroupInstanceId? InstanceId, IReadOnlyList<TopicName> Topics, IReadOnlyList<TopicPartition> Owned, int OwnedGeneration);
