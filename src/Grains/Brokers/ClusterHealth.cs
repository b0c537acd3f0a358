using System.Collections.Immutable;
using Loire.Grains.Interfaces.Brokers;

namespace Loire.Grains.Brokers;

/// <summary>The cluster as this broker last saw it: the registry of brokers, and which of them live. Thread-safe.</summary>
public sealed class ClusterHealth
{
    private volatile ImmutableSortedDictionary<int, BrokerState> _states = ImmutableSortedDictionary<int, BrokerState>.Empty;
    private volatile string? _problem;

    /// <summary>The states of the brokers by their ids; those of the last time that the registry could be read.</summary>
    public ImmutableSortedDictionary<int, BrokerState> States => _states;

    /// <summary>The brokers that ended without leaving the cluster, or that it has given up, in ascending order.</summary>
    public IEnumerable<int> Missing => States.Where(broker => broker.Value == BrokerState.Dead).Select(broker => broker.Key);

    /// <summary>Why the registry could not be read at the last attempt, in one sentence; null if it was read.</summary>
    public string? Problem => _problem;

    internal void Update(ImmutableSortedDictionary<int, BrokerState> states) => (_states, _problem) = (states, null);

    internal void Fail(string problem) => _problem = problem;
}
