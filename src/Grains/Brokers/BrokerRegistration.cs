using Loire.Coordination.Brokers;
using Loire.Model;

namespace Loire.Grains.Brokers;

/// <summary>
/// One start of a broker, from its registration to its end. The registry is a single value of the root, so every change is decided on the state
/// that it replaces: two silos cannot become the same broker.
/// </summary>
internal sealed class BrokerRegistration(IClusterRoot root, BrokerOptions options, TimeProvider time)
{
    /// <summary>The name of the registry among the values of the root.</summary>
    public const string Key = "brokers";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private BrokerRecord? _registered;

    /// <summary>The broker's id.</summary>
    public int BrokerId => options.Id;

    /// <summary>The epoch of this start; 0 before it has registered.</summary>
    public long Epoch => _registered?.Epoch ?? 0;

    /// <summary>The cluster's feature level when this start registered; 0 before.</summary>
    public int FeatureLevel { get; private set; }

    /// <summary>Reads the registry; null if the store has none.</summary>
    /// <param name="root">The root of the cluster.</param>
    /// <exception cref="InvalidDataException">The stored registry cannot be read.</exception>
    /// <exception cref="BrokerRefusedException">A later version wrote the registry.</exception>
    public static async Task<BrokerRegistry?> ReadAsync(IClusterRoot root) => (await ReadVersionAsync(root)).Registry;

    /// <summary>
    /// Registers this start with the broker's next epoch. A standalone broker starts without registering if the registry is damaged: no other
    /// broker can have its id, so a damaged object need not keep it from serving.
    /// </summary>
    /// <param name="silo">The address of the silo.</param>
    /// <param name="isAlive">
    /// Reads the members, and returns whether the silo at an address is a living one. Called after each read of the registry: a silo joins
    /// before it registers, so every silo in the registry was a member by then.
    /// </param>
    /// <param name="cancellation">Ends the attempts.</param>
    /// <returns>Why the broker is not registered, in one sentence; null if it is.</returns>
    /// <exception cref="BrokerRefusedException">The broker may not join: its id is in use, or the store is not its own or of a later
    /// version.</exception>
    /// <exception cref="InvalidDataException">The registry is damaged, and the broker has a cluster.</exception>
    public async Task<string?> RegisterAsync(string silo, Func<ValueTask<Func<string, bool>>> isAlive, CancellationToken cancellation)
    {
        var newcomer = new BrokerRecord(
            options.Id, 1, BrokerPhase.Starting, options.Rack, null, silo, options.Version, Timestamp.From(time.GetUtcNow()),
            options.Features);
        var started = time.GetTimestamp();
        while (true)
        {
            Registration? decision;
            try
            {
                decision = await TryAsync(
                    async registry => BrokerRules.Register(registry, options.ClusterId, newcomer, options.IsAlone, await isAlive()),
                    decided => decided.Registry,
                    started);
            }
            catch (InvalidDataException damage) when (options.IsAlone)
            {
                return damage.Message;
            }

            if (decision is { Refusal: RegistrationRefusal.None, Broker: { } broker, Registry: { } registry })
            {
                (_registered, FeatureLevel) = (broker, registry.FeatureLevel);
                return null;
            }

            // A predecessor that was killed a moment ago is a living member until the others have noticed.
            if (decision is { } refused && !(refused.Refusal == RegistrationRefusal.IdInUse && time.GetElapsedTime(started) < options.TakeoverWait))
            {
                throw new BrokerRefusedException($"As broker {options.Id}: {refused.Detail}");
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }

    /// <summary>Records the phase of this start, unless a later start has replaced it.</summary>
    /// <param name="phase">The new phase.</param>
    /// <param name="http">The URL of the HTTP API; null keeps what is known.</param>
    /// <param name="kafka">Where clients of Kafka's protocol reach it (<see cref="BrokerRecord.Kafka"/>); null keeps what is known.</param>
    /// <param name="cancellation">Ends the attempts.</param>
    public async Task AdvanceAsync(BrokerPhase phase, string? http, string? kafka, CancellationToken cancellation)
    {
        if (_registered is not { } mine)
        {
            return;
        }

        var started = time.GetTimestamp();
        while (await TryAsync(Decide, decided => decided.Next, started) is null)
        {
            await Task.Delay(Pause, time, cancellation);
        }

        ValueTask<Advanced> Decide(BrokerRegistry? registry) => new(new Advanced(
            registry is null ? null : BrokerRules.Advance(registry, mine.Id, mine.Silo, phase, http, kafka)));
    }

    /// <summary>Removes a broker from the registry for good, unless it lives.</summary>
    /// <param name="root">The root of the cluster.</param>
    /// <param name="id">The broker's id.</param>
    /// <param name="isAlive">Reads the members, and returns whether the silo at an address is a living one. Called after each read of the registry.</param>
    /// <param name="time">The clock of pauses between attempts.</param>
    /// <exception cref="InvalidDataException">The stored registry cannot be read.</exception>
    public static async Task<ErrorCode> RemoveAsync(IClusterRoot root, int id, Func<ValueTask<Func<string, bool>>> isAlive, TimeProvider time) =>
        (await ChangeAsync(root, async registry => BrokerRules.Remove(registry, id, await isAlive()), removal => removal.Registry, time)).Error;

    /// <summary>Raises the feature level of the cluster, if all its brokers support that.</summary>
    /// <param name="root">The root of the cluster.</param>
    /// <param name="level">The new level; null for the highest that all brokers support.</param>
    /// <param name="validateOnly">Decide, and change nothing.</param>
    /// <param name="time">The clock of pauses between attempts.</param>
    /// <exception cref="InvalidDataException">The stored registry cannot be read.</exception>
    public static Task<FeatureUpgrade> UpgradeAsync(IClusterRoot root, int? level, bool validateOnly, TimeProvider time) => ChangeAsync(
        root, registry => ValueTask.FromResult(BrokerRules.Upgrade(registry, level)), upgrade => validateOnly ? null : upgrade.Registry, time);

    /// <summary>Reads, decides and writes, until no other silo has changed the registry between the two.</summary>
    private static async Task<T> ChangeAsync<T>(
        IClusterRoot root, Func<BrokerRegistry?, ValueTask<T>> decide, Func<T, BrokerRegistry?> outcome, TimeProvider time)
    {
        while (true)
        {
            var (registry, version) = await ReadVersionAsync(root);
            var decided = await decide(registry);
            if (outcome(decided) is not { } next || await root.CompareAndSwapAsync(Key, version, BrokerRegistryCodec.Write(next)))
            {
                return decided;
            }

            await Task.Delay(Pause, time);
        }
    }

    /// <summary>
    /// Reads, decides and writes once. Null if another silo changed the registry between the two, or the outcome is unknown: the caller decides
    /// again, which is safe because the decisions are idempotent.
    /// </summary>
    private async Task<T?> TryAsync<T>(Func<BrokerRegistry?, ValueTask<T>> decide, Func<T, BrokerRegistry?> outcome, long started)
        where T : class
    {
        try
        {
            var (registry, version) = await ReadVersionAsync(root);
            var decided = await decide(registry);
            var next = outcome(decided);
            return next is null || next == registry || await root.CompareAndSwapAsync(Key, version, BrokerRegistryCodec.Write(next)) ? decided : null;
        }
        catch (Exception problem) when (problem is not (InvalidDataException or BrokerRefusedException) && time.GetElapsedTime(started) < options.StoreWait)
        {
            return null;
        }
    }

    private static async Task<(BrokerRegistry? Registry, string? Version)> ReadVersionAsync(IClusterRoot root)
    {
        var (value, version) = await root.ReadAsync(Key);
        return value is not { } bytes ? (null, version)
            : BrokerRegistryCodec.TryRead(bytes.Span, out var registry) ? (registry, version)
            : BrokerRegistryCodec.IsOfLaterVersion(bytes.Span)
                ? throw new BrokerRefusedException("A later version wrote the registry of brokers in the store.")
            : throw new InvalidDataException("The registry of brokers in the store is not valid.");
    }

    private sealed record Advanced(BrokerRegistry? Next);
}
