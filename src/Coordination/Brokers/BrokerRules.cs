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

    /// <summary>The broker's program does not support the feature level of the cluster.</summary>
    FeatureLevel,
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

/// <summary>The outcome of raising the feature level.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.InvalidUpdateVersion"/> for a level that is lower than the present one, or that a broker does
/// not support; <see cref="ErrorCode.FeatureUpdateFailed"/> if it is not known what a broker supports.
/// </param>
/// <param name="Detail">The refusal in one or two sentences; null if there is none.</param>
/// <param name="Before">The level before.</param>
/// <param name="After">The level afterwards.</param>
/// <param name="Registry">The registry to be stored; null if nothing changes.</param>
public sealed record FeatureUpgrade(ErrorCode Error, string? Detail, int Before, int After, BrokerRegistry? Registry);

/// <summary>Decides on changes of the <see cref="BrokerRegistry"/>.</summary>
public static class BrokerRules
{
    /// <summary>
    /// Registers a start of a broker under the next epoch. Idempotent: a start that is registered already keeps its epoch, so the caller may
    /// try again after an unknown outcome. A store without a registry, or with no other broker, gets the broker's highest feature level.
    /// </summary>
    /// <param name="registry">The stored registry; null if the store has none, which is so for one from before there were brokers.</param>
    /// <param name="clusterId">The cluster of the broker.</param>
    /// <param name="newcomer">The broker, with the feature levels that it supports; its epoch and phase are set here.</param>
    /// <param name="isAlone">Whether the broker runs without a cluster, so that the store must be its own.</param>
    /// <param name="isAlive">Whether the silo at an address belongs to the cluster and has not been declared dead.</param>
    public static Registration Register(
        BrokerRegistry? registry, string clusterId, BrokerRecord newcomer, bool isAlone, Func<string, bool> isAlive)
    {
        var supported = newcomer.Features ?? throw new InvariantException("a broker that registers says which feature levels it supports");
        registry ??= BrokerRegistry.Of(clusterId, supported.Highest);
        var before = registry.Brokers.GetValueOrDefault(newcomer.Id);
        if (registry.ClusterId != clusterId)
        {
            return Refuse(RegistrationRefusal.OtherCluster, $"the store belongs to the cluster {registry.ClusterId}, not to {clusterId}.");
        }

        if (isAlone && registry.Brokers.Values.FirstOrDefault(broker => broker.Id != newcomer.Id && broker.Phase != BrokerPhase.Removed) is { } other)
        {
            return Refuse(RegistrationRefusal.OtherBroker, Say($"the store belongs to the broker {other.Id}, not to {newcomer.Id} alone."));
        }

        if (!supported.Contains(registry.FeatureLevel))
        {
            return Refuse(
                RegistrationRefusal.FeatureLevel,
                Say($"the store has feature level {registry.FeatureLevel}, and this version supports the levels {supported}."));
        }

        if (before is null && registry.Brokers.Count >= Limits.Brokers)
        {
            if (registry.Brokers.Values.FirstOrDefault(broker => broker.Phase == BrokerPhase.Removed) is { } removed)
            {
                return Register(registry.Without(removed.Id), clusterId, newcomer, isAlone, isAlive);
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
        var level = isAlone ? supported.Highest : registry.FeatureLevel;
        return new Registration(RegistrationRefusal.None, null, registry.With(registered) with { FeatureLevel = level }, registered);
    }

    /// <summary>Records the phase of a start of a broker; null if a later start has replaced it, or it was removed.</summary>
    /// <param name="registry">The stored registry.</param>
    /// <param name="id">The broker's id.</param>
    /// <param name="silo">The silo that was registered; not its epoch, because at level 0 epochs begin again after a removal.</param>
    /// <param name="phase">The new phase.</param>
    /// <param name="http">The URL of its HTTP API; null keeps what is known.</param>
    /// <param name="kafka">Where clients of Kafka's protocol reach it; null keeps what is known.</param>
    public static BrokerRegistry? Advance(BrokerRegistry registry, int id, string silo, BrokerPhase phase, string? http, string? kafka = null) =>
        registry.Brokers.GetValueOrDefault(id) is { } broker && broker.Silo == silo && broker.Phase != BrokerPhase.Removed
            ? registry.With(broker with { Phase = phase, Http = http ?? broker.Http, Kafka = kafka ?? broker.Kafka })
            : null;

    /// <summary>
    /// Removes a broker for good, unless it lives. A start of the same id makes it part of the cluster again. Idempotent, except below the level of
    /// <see cref="FeatureLevels.Registry"/>, where nothing of the broker stays.
    /// </summary>
    /// <param name="registry">The stored registry; null if the store has none.</param>
    /// <param name="id">The broker's id.</param>
    /// <param name="isAlive">Whether the silo at an address belongs to the cluster and has not been declared dead.</param>
    public static Removal Remove(BrokerRegistry? registry, int id, Func<string, bool> isAlive) =>
        registry?.Brokers.GetValueOrDefault(id) is not { } broker ? new Removal(ErrorCode.BrokerIdNotRegistered, null)
        : broker.Phase is BrokerPhase.Starting or BrokerPhase.Running && isAlive(broker.Silo) ? new Removal(ErrorCode.PolicyViolation, null)
        : registry.FeatureLevel < FeatureLevels.Registry ? new Removal(ErrorCode.None, registry.Without(id))
        : new Removal(ErrorCode.None, registry.With(broker with { Phase = BrokerPhase.Removed }));

    /// <summary>Raises the feature level of the cluster, if every broker that was not removed supports the new one. Idempotent.</summary>
    /// <param name="registry">The stored registry; null if the store has none.</param>
    /// <param name="level">The new level; null for the highest that all brokers support.</param>
    public static FeatureUpgrade Upgrade(BrokerRegistry? registry, int? level)
    {
        var before = registry?.FeatureLevel ?? 0;
        var brokers = registry?.Brokers.Values.Where(broker => broker.Phase != BrokerPhase.Removed).ToList() ?? [];
        if (registry is null || brokers.Count == 0)
        {
            return Refuse(ErrorCode.FeatureUpdateFailed, $"No broker is registered.");
        }

        if (level == before)
        {
            return new FeatureUpgrade(ErrorCode.None, null, before, before, null);
        }

        if (level < before)
        {
            return Refuse(ErrorCode.InvalidUpdateVersion, $"The feature level is {before}, and is never lowered.");
        }

        if (brokers.Find(broker => broker.Features is null) is { } unknown)
        {
            return Refuse(
                ErrorCode.FeatureUpdateFailed,
                $"Version {unknown.Version} of broker {unknown.Id} has no feature levels. Start the broker with a later version, or remove it.");
        }

        var next = level ?? brokers.Min(broker => broker.Features!.Value.Highest);
        return brokers.Find(broker => !broker.Features!.Value.Contains(next)) is { Features: { } other } unable
            ? Refuse(ErrorCode.InvalidUpdateVersion, $"Broker {unable.Id} supports the feature levels {other}, not {next}.")
            : new FeatureUpgrade(ErrorCode.None, null, before, next, next == before ? null : registry with { FeatureLevel = next });

        FeatureUpgrade Refuse(ErrorCode error, FormattableString detail) => new(error, Say(detail), before, before, null);
    }

    private static Registration Refuse(RegistrationRefusal refusal, string detail) => new(refusal, detail, null, null);

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
