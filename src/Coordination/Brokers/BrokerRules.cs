using System.Globalization;
using Loire.Model;

namespace Loire.Coordination.Brokers;

/// <summary>Why a broker may not register.</summary>
public enum RegistrationRefusal
{
    /// <summary>It may.</summary>
    None,

    /// <summary>The store belongs to another cluster.</summary>
    OtherCluster,

    /// <summary>The broker has no cluster, and the store belongs to another broker.</summary>
    OtherBroker,

    /// <summary>A living broker has the id.</summary>
    IdInUse,

    /// <summary>The cluster has as many brokers as it can.</summary>
    TooMany,
}

/// <summary>The outcome of a registration.</summary>
/// <param name="Refusal">Why the broker may not register; then nothing changes.</param>
/// <param name="Detail">The refusal in one sentence; null if there is none.</param>
/// <param name="Registry">The registry to be stored; null if refused.</param>
/// <param name="Broker">The broker as registered; null if refused.</param>
public sealed record Registration(RegistrationRefusal Refusal, string? Detail, BrokerRegistry? Registry, BrokerRecord? Broker);

/// <summary>The outcome of the removal of a broker.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>, <see cref="ErrorCode.BrokerIdNotRegistered"/>, or <see cref="ErrorCode.PolicyViolation"/> for a broker that lives.
/// </param>
/// <param name="Registry">The registry to be stored; null if refused.</param>
public sealed record Removal(ErrorCode Error, BrokerRegistry? Registry);

/// <summary>Decides on changes of the <see cref="BrokerRegistry"/>.</summary>
public static class BrokerRules
{
    /// <summary>
    /// Registers a start of a broker under the next epoch. Idempotent: a start that is registered already keeps its epoch, so the caller may
    /// try again after an unknown outcome.
    /// </summary>
    /// <param name="registry">The stored registry; null if the store has none, which is so for one from before there were brokers.</param>
    /// <param name="clusterId">The cluster of the broker.</param>
    /// <param name="newcomer">The broker; its epoch and phase are set here.</param>
    /// <param name="isAlone">Whether the broker runs without a cluster, so that the store must be its own.</param>
    /// <param name="isAlive">Whether the silo at an address belongs to the cluster and has not been declared dead.</param>
    public static Registration Register(
        BrokerRegistry? registry, string clusterId, BrokerRecord newcomer, bool isAlone, Func<string, bool> isAlive)
    {
        registry ??= BrokerRegistry.Of(clusterId);
        var before = registry.Brokers.GetValueOrDefault(newcomer.Id);
        if (registry.ClusterId != clusterId)
        {
            return Refuse(RegistrationRefusal.OtherCluster, $"the store belongs to the cluster {registry.ClusterId}, not to {clusterId}.");
        }

        if (isAlone && registry.Brokers.Values.FirstOrDefault(broker => broker.Id != newcomer.Id && broker.Phase != BrokerPhase.Removed) is { } other)
        {
            return Refuse(RegistrationRefusal.OtherBroker, Say($"the store belongs to the broker {other.Id}, not to {newcomer.Id} alone."));
        }

        if (before is null && registry.Brokers.Count >= Limits.Brokers)
        {
            if (registry.Brokers.Values.FirstOrDefault(broker => broker.Phase == BrokerPhase.Removed) is { } removed)
            {
                return Register(registry with { Brokers = registry.Brokers.Remove(removed.Id) }, clusterId, newcomer, isAlone, isAlive);
            }

            return Refuse(RegistrationRefusal.TooMany, Say($"the cluster has {registry.Brokers.Count} brokers, the most that it can have."));
        }

        if (before?.Silo == newcomer.Silo)
        {
            return new Registration(RegistrationRefusal.None, null, registry, before);
        }

        if (before is { Phase: BrokerPhase.Starting or BrokerPhase.Running } && isAlive(before.Silo))
        {
            return Refuse(
                RegistrationRefusal.IdInUse,
                Say($"the broker {before.Id} is running at {before.Http ?? before.Silo} since {DateTimeOffset.FromUnixTimeMilliseconds(before.StartedAt.Milliseconds):yyyy-MM-dd'T'HH:mm:ss'Z'}."));
        }

        var registered = newcomer with { Epoch = (before?.Epoch ?? 0) + 1, Phase = BrokerPhase.Starting };
        return new Registration(RegistrationRefusal.None, null, registry.With(registered), registered);
    }

    /// <summary>Records the phase of a start of a broker; null if a later start has replaced it, or it was removed.</summary>
    /// <param name="registry">The stored registry.</param>
    /// <param name="id">The broker's id.</param>
    /// <param name="epoch">The epoch under which the start was registered.</param>
    /// <param name="phase">The new phase.</param>
    /// <param name="http">The URL of its HTTP API; null keeps what is known.</param>
    public static BrokerRegistry? Advance(BrokerRegistry registry, int id, long epoch, BrokerPhase phase, string? http) =>
        registry.Brokers.GetValueOrDefault(id) is { } broker && broker.Epoch == epoch && broker.Phase != BrokerPhase.Removed
            ? registry.With(broker with { Phase = phase, Http = http ?? broker.Http })
            : null;

    /// <summary>Removes a broker for good, unless it lives. A start of the same id makes it part of the cluster again. Idempotent.</summary>
    /// <param name="registry">The stored registry; null if the store has none.</param>
    /// <param name="id">The broker's id.</param>
    /// <param name="isAlive">Whether the silo at an address belongs to the cluster and has not been declared dead.</param>
    public static Removal Remove(BrokerRegistry? registry, int id, Func<string, bool> isAlive) =>
        registry?.Brokers.GetValueOrDefault(id) is not { } broker ? new Removal(ErrorCode.BrokerIdNotRegistered, null)
        : broker.Phase is BrokerPhase.Starting or BrokerPhase.Running && isAlive(broker.Silo) ? new Removal(ErrorCode.PolicyViolation, null)
        : new Removal(ErrorCode.None, registry.With(broker with { Phase = BrokerPhase.Removed }));

    private static Registration Refuse(RegistrationRefusal refusal, string detail) => new(refusal, detail, null, null);

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
