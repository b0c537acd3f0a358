using Loire.Coordination.Placement;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Grains.Topics;

/// <summary>
/// The calls of a topic to other grains. None throws: <see cref="ErrorCode.RequestTimedOut"/> or <see cref="ErrorCode.NotController"/>
/// means that the grain could not be reached, and the call may or may not have taken effect. Every call is idempotent.
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

    /// <summary>Lets a partition delete what the topic no longer keeps.</summary>
    ValueTask<RetainResult> Retain(PartitionKey partition);

    /// <summary>Asks the catalog to have the topic look after its closed partitions within a time.</summary>
    ValueTask<ErrorCode> RetainWithin(TopicName topic, TimeSpan wait);

    /// <summary>Whether the cluster's feature level has reports of partitions.</summary>
    ValueTask<bool> HaveReports();

    /// <summary>The brokers that serve; empty if the silos are not brokers.</summary>
    ValueTask<IReadOnlyCollection<BrokerPlace>> Brokers();

    /// <summary>
    /// Tells every broker that serves that the preferred leaders of a topic's partitions have changed. One that could not be told may place
    /// partitions by what it knew before for a minute, and moves them later.
    /// </summary>
    ValueTask LeadersChanged(TopicId topic);

    /// <summary>The ids of the brokers that serve, in ascending order; empty if the silos are not brokers.</summary>
    IReadOnlyList<int> Serving { get; }
}

/// <summary>The calls of the catalog to topics. None throws.</summary>
public interface ICatalogPeers
{
    /// <summary>Calls a topic to complete what was interrupted and to record in the catalog whether it exists.</summary>
    ValueTask<ErrorCode> Settle(TopicName topic);

    /// <summary>Lets a topic look after those of its closed partitions that are due.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="max">The number of partitions that may be opened.</param>
    ValueTask<TopicRetainResult> Retain(TopicName topic, int max);
}
