using Loire.Coordination.Brokers;
using Loire.Grains.Interfaces.Brokers;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Loire.Grains.Brokers;

/// <summary>Describes the cluster from the registry, and from this silo's view of which silos live. Without the registry it says why.</summary>
[StatelessWorker(maxLocalWorkers: 1)]
[GrainType("loire.cluster")]
public sealed partial class ClusterGrain(IClusterRoot root, IClusterMembershipService membership, TimeProvider time, ILogger<ClusterGrain> logger)
    : Grain, IClusterGrain
{
    /// <inheritdoc/>
    public async ValueTask<ClusterDescription> Describe()
    {
        BrokerRegistry? registry;
        try
        {
            registry = await BrokerRegistration.ReadAsync(root);
        }
        catch (Exception problem)
        {
            return new ClusterDescription(null, [], Describe(problem));
        }

        var view = membership.CurrentSnapshot;
        return new ClusterDescription(
            registry?.ClusterId,
            [.. from broker in registry?.Brokers.Values ?? []
                where broker.Phase != BrokerPhase.Removed
                select new BrokerDescription(
                    broker.Id, broker.Epoch, StateOf(broker, view), broker.Rack, broker.Http, broker.Silo, broker.Version, broker.StartedAt,
                    broker.Features, broker.Kafka)],
            FeatureLevel: registry?.FeatureLevel ?? 0);
    }

    /// <inheritdoc/>
    public async ValueTask<ErrorCode> Remove(int brokerId)
    {
        try
        {
            return await BrokerRegistration.RemoveAsync(
                root,
                brokerId,
                async () =>
                {
                    await membership.Refresh();
                    var view = membership.CurrentSnapshot;
                    return silo => BrokerLifecycle.IsAlive(view, silo);
                },
                time);
        }
        catch (Exception problem)
        {
            Describe(problem);
            return ErrorCode.KafkaStorageError;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<UpgradeClusterResult> Upgrade(int? level, bool validateOnly)
    {
        try
        {
            var upgrade = await BrokerRegistration.UpgradeAsync(root, level, validateOnly, time);
            if (upgrade.Registry is not null && !validateOnly)
            {
                LogUpgraded(logger, upgrade.Before, upgrade.After);
            }

            return new UpgradeClusterResult(upgrade.Error, upgrade.Detail, upgrade.Before, upgrade.After);
        }
        catch (Exception problem)
        {
            return new UpgradeClusterResult(ErrorCode.KafkaStorageError, Describe(problem), 0, 0);
        }
    }

    /// <summary>The state of a broker as a silo with a view of the members sees it.</summary>
    public static BrokerState StateOf(BrokerRecord broker, ClusterMembershipSnapshot view) => broker.Phase switch
    {
        BrokerPhase.Stopped or BrokerPhase.Removed => BrokerState.Stopped,
        _ when !BrokerLifecycle.IsAlive(view, broker.Silo) => BrokerState.Dead,
        BrokerPhase.Starting => BrokerState.Starting,
        _ => BrokerState.Running,
    };

    // Damage is named. What else a client of storage says may be long, and is for the log.
    private string Describe(Exception problem)
    {
        LogUnavailable(logger, problem);
        return problem is InvalidDataException or BrokerRefusedException ? problem.Message : "The registry of brokers in the store cannot be used now.";
    }

    [LoggerMessage(2, LogLevel.Information, "The feature level of the cluster was raised from {Before} to {After}.")]
    private static partial void LogUpgraded(ILogger logger, int before, int after);

    [LoggerMessage(1, LogLevel.Warning, "The registry of brokers cannot be used.")]
    private static partial void LogUnavailable(ILogger logger, Exception problem);
}
