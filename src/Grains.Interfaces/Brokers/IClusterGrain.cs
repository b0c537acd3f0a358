using Loire.Model;

namespace Loire.Grains.Interfaces.Brokers;

/// <summary>Answers for the cluster as a whole. The only instance has the key <c>default</c>; every silo answers its own callers.</summary>
[Alias("loire.IClusterGrain")]
public interface IClusterGrain : IGrainWithStringKey
{
    /// <summary>The key of the only instance.</summary>
    const string Key = "default";

    /// <summary>Describes the cluster and its brokers, from the registry and from what the answering silo knows of the others.</summary>
    [ResponseTimeout("00:00:05")]
    [Alias("Describe")]
    ValueTask<ClusterDescription> Describe();

    /// <summary>
    /// Removes a broker for good: it is not listed any more, and not missed. If it starts again, it is part of the cluster again, under its next epoch.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>, from feature level 1 on also for one that was removed before; <see cref="ErrorCode.BrokerIdNotRegistered"/> if
    /// the registry does not know it; <see cref="ErrorCode.PolicyViolation"/> while it lives; <see cref="ErrorCode.KafkaStorageError"/> if the
    /// registry cannot be read or written.
    /// </returns>
    [Alias("Remove")]
    ValueTask<ErrorCode> Remove(int brokerId);

    /// <summary>
    /// Raises the feature level of the cluster, after which no broker of a version without that level can join. The level is never lowered.
    /// </summary>
    /// <param name="level">The new level; null for the highest that all brokers support.</param>
    /// <param name="validateOnly">Whether to check only, and change nothing.</param>
    [Alias("Upgrade")]
    ValueTask<UpgradeClusterResult> Upgrade(int? level, bool validateOnly);
}

/// <summary>The outcome of raising the feature level.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>, also if the cluster has the level already; <see cref="ErrorCode.InvalidUpdateVersion"/> for a level that is lower
/// than the present one, or that a broker does not support; <see cref="ErrorCode.FeatureUpdateFailed"/> if it is not known what a broker supports;
/// <see cref="ErrorCode.KafkaStorageError"/> if the registry cannot be read or written.
/// </param>
/// <param name="Detail">Why the level is not raised; null if there is no error.</param>
/// <param name="Before">The level before.</param>
/// <param name="After">The level afterwards, or what it would be.</param>
[GenerateSerializer, Immutable, Alias("loire.UpgradeClusterResult")]
public sealed record UpgradeClusterResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] string? Detail, [property: Id(2)] int Before, [property: Id(3)] int After);

/// <summary>The cluster.</summary>
/// <param name="ClusterId">Its name; null if no broker has registered.</param>
/// <param name="Brokers">Every broker that has registered and was not removed, in the order of their ids.</param>
/// <param name="Problem">Why the registry could not be read, in one sentence; then no broker is listed. Null otherwise.</param>
/// <param name="FeatureLevel">The level that decides which formats the brokers write.</param>
[GenerateSerializer, Immutable, Alias("loire.ClusterDescription")]
public sealed record ClusterDescription(
    [property: Id(0)] string? ClusterId,
    [property: Id(1)] BrokerDescription[] Brokers,
    [property: Id(2)] string? Problem = null,
    [property: Id(3)] int FeatureLevel = 0)
{
    /// <summary>Whether topics have preferred leaders, which they do from feature level 1 on.</summary>
    public bool HasPreferredLeaders => FeatureLevel >= 1;

    /// <summary>Whether all partitions know keyed producers and conditional appends, which they do from feature level 5 on.</summary>
    public bool HasConditionalAppends => FeatureLevel >= 5;
}

/// <summary>A broker: a silo with an id that outlives it.</summary>
/// <param name="Id">Unique in the cluster, at least 0.</param>
/// <param name="Epoch">How often the broker has started; at least 1.</param>
/// <param name="State">Whether it serves.</param>
/// <param name="Rack">The rack or zone in which it runs; null if it has none.</param>
/// <param name="Http">The URL of its HTTP API; null if it has none or is not that far yet.</param>
/// <param name="Silo">The address of its silo, in Orleans' notation.</param>
/// <param name="Version">The version of its program.</param>
/// <param name="StartedAt">When it started, by its own clock.</param>
/// <param name="Features">The feature levels that it supports; null for a version from before there were levels.</param>
/// <param name="Kafka">Where clients of Kafka's protocol reach it, as hosts with ports that commas separate, in the order of its listeners; null if it has none or is not
/// that far yet.</param>
[GenerateSerializer, Immutable, Alias("loire.BrokerDescription")]
public sealed record BrokerDescription(
    [property: Id(0)] int Id,
    [property: Id(1)] long Epoch,
    [property: Id(2)] BrokerState State,
    [property: Id(3)] string? Rack,
    [property: Id(4)] string? Http,
    [property: Id(5)] string Silo,
    [property: Id(6)] string Version,
    [property: Id(7)] Timestamp StartedAt,
    [property: Id(8)] FeatureRange? Features = null,
    [property: Id(9)] string? Kafka = null);

/// <summary>Whether a broker serves.</summary>
[GenerateSerializer, Alias("loire.BrokerState")]
public enum BrokerState
{
    /// <summary>It has registered and does not serve clients yet.</summary>
    Starting = 0,

    /// <summary>It serves.</summary>
    Running = 1,

    /// <summary>It has stopped in order.</summary>
    Stopped = 2,

    /// <summary>It ended without stopping, or the cluster has given it up.</summary>
    Dead = 3,
}
