using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Brokers;

/// <summary>What a broker says of itself.</summary>
/// <param name="Id">Unique in the cluster, at least 0.</param>
/// <param name="Epoch">How often the broker has started; at least 1.</param>
/// <param name="Phase">The phase that it last reported.</param>
/// <param name="Rack">The rack or zone in which it runs; null if it has none.</param>
/// <param name="Http">The URL of its HTTP API; null if it has none or is not that far yet.</param>
/// <param name="Silo">The address of its silo, in Orleans' notation; no other start of any broker has the same.</param>
/// <param name="Version">The version of its program.</param>
/// <param name="StartedAt">When it started, by its own clock.</param>
/// <param name="Features">The feature levels that its program supports; null if the program is from before there were levels.</param>
/// <param name="Kafka">Where clients of Kafka's protocol reach it, as hosts with ports that commas separate, in the order of its listeners; null if it has none or is not
/// that far yet.</param>
public sealed record BrokerRecord(
    int Id, long Epoch, BrokerPhase Phase, string? Rack, string? Http, string Silo, string Version, Timestamp StartedAt,
    FeatureRange? Features = null, string? Kafka = null);

/// <summary>The phases of one start of a broker, as it reports them; a broker that dies stays in its last one.</summary>
public enum BrokerPhase : byte
{
    /// <summary>It has registered.</summary>
    Starting = 0,

    /// <summary>It serves clients.</summary>
    Running = 1,

    /// <summary>It has stopped in order.</summary>
    Stopped = 2,

    /// <summary>It was removed for good. It is not part of the cluster; its epoch stays, so that a later start does not repeat one.</summary>
    Removed = 3,
}

/// <summary>The brokers of a cluster, each under an id of its own.</summary>
/// <param name="ClusterId">The cluster to which the store belongs.</param>
/// <param name="FeatureLevel">The cluster's level of <see cref="FeatureLevels"/>.</param>
/// <param name="Brokers">The brokers that have ever registered, by their ids, those that were removed included.</param>
public sealed record BrokerRegistry(string ClusterId, int FeatureLevel, ImmutableSortedDictionary<int, BrokerRecord> Brokers)
{
    /// <summary>The registry of a store that has none yet.</summary>
    public static BrokerRegistry Of(string clusterId, int featureLevel) =>
        new(clusterId, featureLevel, ImmutableSortedDictionary<int, BrokerRecord>.Empty);

    /// <summary>The same with one broker added or replaced.</summary>
    public BrokerRegistry With(BrokerRecord broker) => this with { Brokers = Brokers.SetItem(broker.Id, broker) };

    /// <summary>The same without a broker.</summary>
    public BrokerRegistry Without(int id) => this with { Brokers = Brokers.Remove(id) };
}
