using Loire.Coordination.Brokers;
using Loire.Coordination.Placement;
using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Topics;
using Loire.Model;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Hosting;

/// <summary>
/// Calls between topics, partitions and the catalog. Every failure of a call (a dead silo, a timeout, a bug of the callee, which logs it)
/// becomes an error code here and nowhere else. The call may or may not have taken effect; the caller's rules recover from both.
/// </summary>
internal sealed partial class GrainGateway(IGrainFactory grains, ServingBrokers brokers, ILogger logger) : ITopicPeers, ICatalogPeers
{
    /// <summary>Gets the settings that a partition needs to serve from its topic.</summary>
    public async ValueTask<PartitionSettingsResult> Settings(PartitionKey key)
    {
        try
        {
            return await grains.GetGrain<ITopicGrain>(key.Topic.Value).Settings(key.Id, key.Partition);
        }
        catch (Exception error)
        {
            TopicUnreachable(error, key.Topic);
            return new PartitionSettingsResult(ErrorCode.LeaderNotAvailable, null);
        }
    }

    /// <summary>Asks the coordinator of a transactional id about its open transaction.</summary>
    public async ValueTask<EnlistResult> Enlist(TransactionalId id, EnlistRequest request)
    {
        try
        {
            return await grains.GetGrain<ITransactionGrain>(id.Value).Enlist(request);
        }
        catch (Exception error)
        {
            CoordinatorUnreachable(error, id);
            return new EnlistResult(ErrorCode.CoordinatorNotAvailable, 0, "The coordinator of the transaction did not answer.");
        }
    }

    public async ValueTask<CatalogResult> Announce(TopicName topic, bool validateOnly)
    {
        try
        {
            return await Catalog.Announce(topic, validateOnly);
        }
        catch (Exception error)
        {
            return Unreachable(error);
        }
    }

    public async ValueTask<CatalogResult> Record(TopicName topic, bool exists)
    {
        try
        {
            return await Catalog.Record(topic, exists);
        }
        catch (Exception error)
        {
            return Unreachable(error);
        }
    }

    public async ValueTask<ErrorCode> Configure(PartitionKey partition, PartitionSettings settings)
    {
        try
        {
            return await grains.GetGrain<IPartitionGrain>(partition.ToString()).Configure(settings);
        }
        catch (Exception error)
        {
            PartitionUnreachable(error, partition);
            return ErrorCode.RequestTimedOut;
        }
    }

    public async ValueTask<ErrorCode> Delete(PartitionKey partition)
    {
        try
        {
            return await grains.GetGrain<IPartitionGrain>(partition.ToString()).Delete();
        }
        catch (Exception error)
        {
            PartitionUnreachable(error, partition);
            return ErrorCode.RequestTimedOut;
        }
    }

    public async ValueTask<RetainResult> Retain(PartitionKey partition)
    {
        try
        {
            return await grains.GetGrain<IPartitionGrain>(partition.ToString()).Retain();
        }
        catch (Exception error)
        {
            PartitionUnreachable(error, partition);
            return new RetainResult(ErrorCode.RequestTimedOut, null);
        }
    }

    public async ValueTask<ErrorCode> RetainWithin(TopicName topic, TimeSpan wait)
    {
        try
        {
            await Catalog.RetainWithin(topic, wait);
            return ErrorCode.None;
        }
        catch (Exception error)
        {
            return Unreachable(error).Error;
        }
    }

    public ValueTask<bool> HaveReports() => brokers.HaveLevelAsync(FeatureLevels.PartitionReports);

    /// <summary>Whether reports can be sent now: the feature level has them, and the store answers.</summary>
    public ValueTask<bool> CanReport() => brokers.ReadLevelAsync(FeatureLevels.PartitionReports);

    /// <summary>Sends reports of partitions to their topic.</summary>
    public async ValueTask<ErrorCode> Report(TopicName topic, TopicId id, PartitionReport[] reports)
    {
        try
        {
            return await grains.GetGrain<ITopicGrain>(topic.Value).Report(id, reports);
        }
        catch (Exception error)
        {
            TopicUnreachable(error, topic);
            return ErrorCode.RequestTimedOut;
        }
    }

    /// <summary>Has the closed partitions of the cluster looked after.</summary>
    public async ValueTask RetainClosed()
    {
        try
        {
            await Catalog.Retain();
        }
        catch (Exception error)
        {
            CatalogUnreachable(error);
        }
    }

    public async ValueTask<TopicRetainResult> Retain(TopicName topic, int max)
    {
        try
        {
            return await grains.GetGrain<ITopicGrain>(topic.Value).Retain(max);
        }
        catch (Exception error)
        {
            TopicUnreachable(error, topic);
            return new TopicRetainResult(ErrorCode.RequestTimedOut, 0, null);
        }
    }

    public IReadOnlyList<int> Serving => [.. brokers.All.Select(broker => broker.Id)];

    public ValueTask<IReadOnlyCollection<BrokerPlace>> Brokers() => brokers.PlacesAsync();

    public async ValueTask LeadersChanged(TopicId topic) => await Task.WhenAll(brokers.All.Select(async broker =>
    {
        try
        {
            await grains.GetGrain<IBrokerGrain>(broker.Id).LeadersChanged(topic);
        }
        catch (Exception error)
        {
            BrokerUnreachable(error, broker.Id);
        }
    }));

    public async ValueTask<ErrorCode> Settle(TopicName topic)
    {
        try
        {
            return (await grains.GetGrain<ITopicGrain>(topic.Value).Settle()).Error;
        }
        catch (Exception error)
        {
            TopicUnreachable(error, topic);
            return ErrorCode.RequestTimedOut;
        }
    }

    private ICatalogGrain Catalog => grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);

    private CatalogResult Unreachable(Exception error)
    {
        CatalogUnreachable(error);
        return new CatalogResult(ErrorCode.NotController, "The catalog of topics could not be reached.");
    }

    [LoggerMessage(1, LogLevel.Warning, "Topic {Topic} could not be reached.")]
    private partial void TopicUnreachable(Exception error, TopicName topic);

    [LoggerMessage(2, LogLevel.Warning, "Partition {Partition} could not be reached.")]
    private partial void PartitionUnreachable(Exception error, PartitionKey partition);

    [LoggerMessage(3, LogLevel.Warning, "The catalog could not be reached.")]
    private partial void CatalogUnreachable(Exception error);

    [LoggerMessage(4, LogLevel.Warning, "Broker {Broker} could not be reached and may still go by the old preferred leaders of a topic.")]
    private partial void BrokerUnreachable(Exception error, int broker);

    [LoggerMessage(5, LogLevel.Warning, "The coordinator of the transactional id {Id} could not be reached.")]
    private partial void CoordinatorUnreachable(Exception error, TransactionalId id);
}
