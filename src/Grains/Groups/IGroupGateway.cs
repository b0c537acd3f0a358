using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Groups;

/// <summary>
/// The calls of a group to other grains. None throws: a grain that cannot be reached is a retriable error, and the call may or may not have
/// taken effect. Every call is idempotent.
/// </summary>
public interface IGroupPeers
{
    /// <summary>Tells the catalog whether the group exists.</summary>
    ValueTask<ErrorCode> Record(GroupId groupId, bool exists);

    /// <summary>Describes a topic.</summary>
    ValueTask<TopicResult> Describe(TopicName topic);

    /// <summary>The topic as this silo, which watches it, knows it; null if it does not watch it. Makes no call.</summary>
    TopicDescription? Watched(TopicName topic);

    /// <summary>Has the silo watch a topic that was described.</summary>
    void Watch(TopicDescription topic);

    /// <summary>Returns one page of the existing topics.</summary>
    ValueTask<TopicList> ListTopics(string after, int max);

    /// <summary>
    /// Describes <c>__consumer_offsets</c>, and creates it if it does not exist.
    /// </summary>
    ValueTask<TopicResult> OffsetsTopic();

    /// <summary>Appends to a partition of <c>__consumer_offsets</c>.</summary>
    ValueTask<ErrorCode> Append(PartitionKey partition, AppendRequest request);

    /// <summary>Asks the coordinator of a transactional id whether the group is part of its open transaction, or adds it.</summary>
    ValueTask<EnlistResult> Enlist(TransactionalId transaction, EnlistRequest request);

    /// <summary>Describes a transaction.</summary>
    ValueTask<TransactionResult> DescribeTransaction(TransactionalId transaction);
}
