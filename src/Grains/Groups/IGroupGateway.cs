using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// Whom a group talks to. No call throws: what could not be reached is a retriable error, and the call may or may not have had its effect.
/// Every call may be repeated.
/// </summary>
public interface IGroupPeers
{
    /// <summary>Tells the catalog whether the group exists.</summary>
    ValueTask<ErrorCode> Record(GroupId groupId, bool exists);

    /// <summary>Asks a topic what it is.</summary>
    ValueTask<TopicResult> Describe(TopicName topic);

    /// <summary>One page of the topics that exist.</summary>
    ValueTask<TopicList> ListTopics(string after, int max);

    /// <summary>
    /// The topic of committed offsets, which is created where it does not exist; with an error it is not known at the moment.
    /// </summary>
    ValueTask<TopicResult> OffsetsTopic();

    /// <summary>Appends to a partition of the topic of committed offsets.</summary>
    ValueTask<ErrorCode> Append(PartitionKey partition, AppendRequest request);
}
