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
    /// <see cref="ErrorCode.None"/>, also for one that was removed before; <see cref="ErrorCode.BrokerIdNotRegistered"/> if it has never been part of the
    /// cluster; <see cref="ErrorCode.PolicyViolation"/> while it lives; <see cref="ErrorCode.KafkaStorageError"/> if the registry cannot be read or written.
    /// </returns>
    [Alias("Remove")]
    ValueTask<ErrorCode> Remove(int brokerId);
}

/// <summary>The cluster.</summary>
/// <param name="ClusterId">Its name; null if no broker has registered.</param>
/// <param name="Brokers">Every broker that has registered and was not removed, in the order of their ids.</param>
/// <param name="Problem">Why the registry could not be read, in one sentence; then no broker is listed. Null otherwise.</param>
[GenerateSerializer, Immutable, Alias("loire.ClusterDescription")]
public sealed record ClusterDescription(
    [property: Id(0)] string? ClusterId, [property: Id(1)] BrokerDescription[] Brokers, [property: Id(2)] string? Problem = null);

/// <summary>A broker: a silo with an id that outlives it.</summary>
/// <param name="Id">Unique in the cluster, at least 0.</param>
/// <param name="Epoch">How often the broker has started; at least 1.</param>
/// <param name="State">Whether it serves.</param>
/// <param name="Rack">The rack or zone in which it runs; null if it has none.</param>
/// <param name="Http">The URL of its HTTP API; null if it has none or is not that far yet.</param>
/// <param name="Silo">The address of its silo, in Orleans' notation.</param>
/// <param name="Version">The version of its program.</param>
/// <param name="StartedAt">When it started, by its own clock.</param>
[GenerateSerializer, Immutable, Alias("loire.BrokerDescription")]
public sealed record BrokerDescription(
    [property: Id(0)] int Id,
    [property: Id(1)] long Epoch,
    [property: Id(2)] BrokerState State,
    [property: Id(3)] string? Rack,
    [property: Id(4)] string? Http,
    [property: Id(5)] string Silo,
    [property: Id(6)] string Version,
    [property: Id(7)] Timestamp StartedAt);

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
