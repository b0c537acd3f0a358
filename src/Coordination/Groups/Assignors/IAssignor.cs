using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Divides the partitions of topics among the members of a group that subscribe to them. A pure function: the same input gives the same
/// result, whatever the order in which members and topics are listed.
/// </summary>
public interface IAssignor
{
    /// <summary>The name in <c>partition.assignment.strategy</c>, as <c>range</c>.</summary>
    string Name { get; }

    /// <summary>
    /// How a group moves to a new assignment. Eager: every member gives up everything before anyone gets anything. Cooperative: only what
    /// changes its owner is given up first.
    /// </summary>
    bool IsCooperative { get; }

    /// <summary>Makes an assignment. What it throws or gets wrong is logged, and another assignor or the last assignment is used.</summary>
    /// <param name="members">The members; no id occurs twice.</param>
    /// <param name="partitionsCounts">How many partitions each topic has that exists. A topic that is subscribed to and not listed does not
    /// exist.</param>
    /// <returns>For each member its partitions in their order; for a member without any, an empty list. No partition occurs twice, and each
    /// partition of a topic with a subscriber occurs once.</returns>
    IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
        IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts);
}

/// <summary>What an assignor knows of a member.</summary>
/// <param name="MemberId">The member's id, unique in the group.</param>
/// <param name="InstanceId">The id of a static member (KIP-345); null for a dynamic one.</param>
/// <param name="Topics">The topics subscribed to, each once, in any order.</param>
/// <param name="Owned">The partitions that the member had before; sticky assignors leave them where they are if they can.</param>
/// <param name="OwnedGeneration">The generation (epoch) in which the member had them; of two that claim a partition the newer one is right.
/// −1 if unknown.</param>
public sealed record GroupSubscription(
    MemberId MemberId, GroupInstanceId? InstanceId, IReadOnlyList<TopicName> Topics, IReadOnlyList<TopicPartition> Owned, int OwnedGeneration);
