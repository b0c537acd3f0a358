using Loire.Coordination.Brokers;
using Loire.Grains.Interfaces.Brokers;
using Orleans.Concurrency;

namespace Loire.Grains.Brokers;

/// <summary>Describes the cluster from the registry, and from this silo's view of which silos live.</summary>
[StatelessWorker(maxLocalWorkers: 1)]
[GrainType("loire.cluster")]
public sealed class ClusterGrain(IClusterRoot root, IClusterMembershipService membership) : Grain, IClusterGrain
{
    /// <inheritdoc/>
    public async ValueTask<ClusterDescription> Describe()
    {
        var registry = await BrokerRegistration.ReadAsync(root);
        var view = membership.CurrentSnapshot;
        return new ClusterDescription(
            registry?.ClusterId,
            [.. from broker in registry?.Brokers.Values ?? []
                select new BrokerDescription(
                    broker.Id, broker.Epoch, StateOf(broker, view), broker.Rack, broker.Http, broker.Silo, broker.Version, broker.StartedAt)]);
    }

    private static BrokerState StateOf(BrokerRecord broker, ClusterMembershipSnapshot view) => broker.Phase switch
    {
        BrokerPhase.Stopped => BrokerState.Stopped,
        _ when !BrokerLifecycle.IsAlive(view, broker.Silo) => BrokerState.Dead,
        BrokerPhase.Starting => BrokerState.Starting,
        _ => BrokerState.Running,
    };
}
