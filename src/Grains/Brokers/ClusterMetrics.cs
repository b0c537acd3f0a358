using System.Diagnostics.Metrics;
using Loire.Grains.Interfaces.Brokers;

namespace Loire.Grains.Brokers;

/// <summary>The instruments of the cluster as this broker sees it.</summary>
internal sealed class ClusterMetrics
{
    private static readonly (BrokerState State, string Name)[] _states =
        [(BrokerState.Starting, "starting"), (BrokerState.Running, "running"), (BrokerState.Stopped, "stopped"), (BrokerState.Dead, "dead")];

    private readonly Counter<long> _changes;
    private readonly Counter<long> _deaths;

    public ClusterMetrics(IMeterFactory meters, ClusterHealth health, BrokerRegistration registration)
    {
        var meter = meters.Create("Loire.Brokers");
        _changes = meter.CreateCounter<long>("loire.cluster.changes", "{change}", "Changes of the membership that this broker has seen.");
        _deaths = meter.CreateCounter<long>(
            "loire.cluster.deaths", "{broker}", "Brokers that the cluster has declared dead: their processes ended without leaving it, or do not answer.");
        meter.CreateObservableUpDownCounter(
            "loire.cluster.brokers",
            () => _states.Select(state => new Measurement<long>(
                health.States.Count(broker => broker.Value == state.State), new KeyValuePair<string, object?>("loire.state", state.Name))),
            "{broker}",
            "Brokers by loire.state, as this broker sees them.");
        meter.CreateObservableGauge(
            "loire.cluster.broker.epoch", () => registration.Epoch, "{start}", "How often this broker has started; 0 if it is not registered.");
        meter.CreateObservableGauge(
            "loire.cluster.feature_level",
            () => health.FeatureLevel is { } level ? [new Measurement<int>(level)] : (IEnumerable<Measurement<int>>)[],
            "{level}",
            "The feature level of the cluster; none while it is not known.");
    }

    /// <summary>Counts a change of the membership and the brokers that it declares dead.</summary>
    public void Changed(int deaths)
    {
        _changes.Add(1);
        _deaths.Add(deaths);
    }
}
