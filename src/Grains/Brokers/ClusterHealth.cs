using System.Collections.Immutable;
using Loire.Grains.Interfaces.Brokers;

namespace Loire.Grains.Brokers;

/// <summary>The cluster as this broker last saw it: the registry of brokers, and which of them live. Thread-safe.</summary>
public sealed class ClusterHealth
{
    private volatile ImmutableSortedDictionary<int, BrokerState> _states = ImmutableSortedDictionary<int, BrokerState>.Empty;
    private volatile string? _problem;
    private volatile int _featureLevel = -1;

    /// <summary>The states of the brokers by their ids; those of the last time that the registry could be read.</summary>
    public ImmutableSortedDictionary<int, BrokerState> States => _states;

    /// <summary>The brokers that ended without leaving the cluster, or that it has given up, in ascending order.</summary>
    public IEnumerable<int> Missing => States.Where(broker => broker.Value == BrokerState.Dead).Select(broker => broker.Key);

    /// <summary>The feature level of the cluster; null before the registry was read, or if there is none.</summary>
    public int? FeatureLevel => _featureLevel is >= 0 and var level ? level : null;

    /// <summary>Why the registry could not be read at the last attempt, in one sentence; null if it was read.</summary>
    public string? Problem => _problem;

    internal void Update(int? featureLevel, ImmutableSortedDictionary<int, BrokerState> states) =>
        (_featureLevel, _states, _problem) = (featureLevel ?? -1, states, null);

    internal void Fail(string problem) => _problem = problem;
}
