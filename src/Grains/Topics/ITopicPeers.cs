using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Grains.Topics;

/// <summary>
/// Whom a topic talks to. No call throws: <see cref="ErrorCode.RequestTimedOut"/> or <see cref="ErrorCode.NotController"/> means that the
/// neighbour could not be reached, and the call may or may not have had its effect. Every call may be repeated.
/// </summary>
public interface ITopicPeers
{
    /// <summary>Tells the catalog that the topic is about to be created or deleted.</summary>
    ValueTask<CatalogResult> Announce(TopicName topic, bool validateOnly);

    /// <summary>Tells the catalog whether the topic exists.</summary>
    ValueTask<CatalogResult> Record(TopicName topic, bool exists);

    /// <summary>Gives a partition new settings.</summary>
    ValueTask<ErrorCode> Configure(PartitionKey partition, PartitionSettings settings);

    /// <summary>Deletes a partition's log.</summary>
    ValueTask<ErrorCode> Delete(PartitionKey partition);
}

/// <summary>Whom the catalog talks to. No call throws.</summary>
public interface ICatalogPeers
{
    /// <summary>Has a topic finish what was interrupted, and say whether it exists.</summary>
    ValueTask<ErrorCode> Settle(TopicName topic);
}
