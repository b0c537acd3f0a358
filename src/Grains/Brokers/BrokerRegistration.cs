using Loire.Coordination.Brokers;
using Loire.Model;

namespace Loire.Grains.Brokers;

/// <summary>
/// One start of a broker, from its registration to its end. The registry is a single value of the root, so every change is decided on the state
/// that it replaces: two silos cannot become the same broker.
/// </summary>
internal sealed class BrokerRegistration(IClusterRoot root, BrokerOptions options, TimeProvider time)
{
    private const string Key = "brokers";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private BrokerRecord? _registered;

    /// <summary>The epoch of this start; 0 before it has registered.</summary>
    public long Epoch => _registered?.Epoch ?? 0;

    /// <summary>Reads the registry; null if the store has none.</summary>
    /// <param name="root">The root of the cluster.</param>
    /// <exception cref="InvalidDataException">The stored registry cannot be read.</exception>
    public static async Task<BrokerRegistry?> ReadAsync(IClusterRoot root) => (await ReadVersionAsync(root)).Registry;

    /// <summary>Registers this start under the next epoch of the broker.</summary>
    /// <param name="silo">The address of the silo.</param>
    /// <param name="isAlive">Whether the silo at an address is a living member; asked anew before each attempt.</param>
    /// <param name="cancellation">Ends the attempts.</param>
    /// <exception cref="BrokerRefusedException">The broker may not join: its id is in use, or the store is not its own.</exception>
    public async Task RegisterAsync(string silo, Func<ValueTask<Func<string, bool>>> isAlive, CancellationToken cancellation)
    {
        var newcomer = new BrokerRecord(
            options.Id, 1, BrokerPhase.Starting, options.Rack, null, silo, options.Version, Timestamp.From(time.GetUtcNow()));
        var started = time.GetTimestamp();
        while (true)
        {
            var alive = await isAlive();
            var decision = await TryAsync(
                registry => BrokerRules.Register(registry, options.ClusterId, newcomer, options.IsAlone, alive), decided => decided.Registry, started);
            if (decision is { Refusal: RegistrationRefusal.None, Broker: { } broker })
            {
                _registered = broker;
                return;
            }

            // A predecessor that was killed a moment ago is a living member until the others have noticed.
            if (decision is { } refused && !(refused.Refusal == RegistrationRefusal.IdInUse && time.GetElapsedTime(started) < options.TakeoverWait))
            {
                throw new BrokerRefusedException($"As broker {options.Id}: {refused.Detail}");
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }

    /// <summary>Records how far this start has come; nothing if a later start has taken its place.</summary>
    /// <param name="phase">How far.</param>
    /// <param name="http">The URL of the HTTP API; null keeps what is known.</param>
    /// <param name="cancellation">Ends the attempts.</param>
    public async Task AdvanceAsync(BrokerPhase phase, string? http, CancellationToken cancellation)
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

        Advanced Decide(BrokerRegistry? registry) => new(
            registry is null ? null : BrokerRules.Advance(registry, mine.Id, mine.Epoch, phase, http));
    }

    /// <summary>
    /// Reads, decides and writes once. Null if somebody else changed the registry meanwhile, or the outcome is unknown: the decision is to be
    /// made again, which is safe since every one of them is idempotent.
    /// </summary>
    private async Task<T?> TryAsync<T>(Func<BrokerRegistry?, T> decide, Func<T, BrokerRegistry?> outcome, long started)
        where T : class
    {
        try
        {
            var (registry, version) = await ReadVersionAsync(root);
            var decided = decide(registry);
            var next = outcome(decided);
            return next is null || next == registry || await root.CompareAndSwapAsync(Key, version, BrokerRegistryCodec.Write(next)) ? decided : null;
        }
        catch (Exception problem) when (problem is not InvalidDataException && time.GetElapsedTime(started) < options.StoreWait)
        {
            return null;
        }
    }

    private static async Task<(BrokerRegistry? Registry, string? Version)> ReadVersionAsync(IClusterRoot root)
    {
        var (value, version) = await root.ReadAsync(Key);
        return value is not { } bytes ? (null, version)
            : BrokerRegistryCodec.TryRead(bytes.Span, out var registry) ? (registry, version)
            : throw new InvalidDataException("The registry of brokers in the store has a layout that this version does not know.");
    }

    private sealed record Advanced(BrokerRegistry? Next);
}
