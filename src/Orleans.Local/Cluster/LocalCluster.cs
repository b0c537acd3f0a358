using System.Collections.Concurrent;
using System.Collections.Immutable;
using Orleans.Activations;
using Orleans.Calls;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Cluster;

/// <summary>
/// The silos of one cluster, all in this process, and the directory of their activations. A grain has one activation at a time, because the
/// directory has one entry for it; only when a silo is killed may code of an abandoned activation still run beside its successor.
/// </summary>
internal sealed class LocalCluster(string key)
{
    private readonly ConcurrentDictionary<GrainId, Activation> _directory = new();
    private readonly ConcurrentDictionary<string, MemoryGrainStorage.Records> _memory = new();
    private ImmutableArray<Silo> _silos = [];

    /// <summary>What the hosts of the cluster know it by.</summary>
    public string Key { get; } = key;

    /// <summary>All silos that have joined and not left.</summary>
    public ImmutableArray<Silo> Silos => _silos;

    public Silo[] ActiveSilos() => [.. _silos.Where(silo => silo.Status == SiloStatus.Active)];

    public Silo? AnyActiveSilo() => ActiveSilos() is { Length: > 0 } active ? active[Random.Shared.Next(active.Length)] : null;

    public MemoryGrainStorage.Records Memory(string name) => _memory.GetOrAdd(name, static _ => new MemoryGrainStorage.Records());

    public void Join(Silo silo) => ImmutableInterlocked.Update(ref _silos, silos => silos.Add(silo));

    public void Leave(Silo silo) => ImmutableInterlocked.Update(ref _silos, silos => silos.Remove(silo));

    public Activation? Find(GrainId grainId) => _directory.GetValueOrDefault(grainId);

    public void Forget(Activation activation) => _directory.TryRemove(KeyValuePair.Create(activation.GrainId, activation));

    /// <summary>Queues a call at the activation of its grain, activating it if need be.</summary>
    public void Deliver(Call call, Caller caller)
    {
        if (call.Target.LastSeen?.Activation?.TryQueue(call) == true)
        {
            return;
        }

        while (_directory.TryGetValue(call.Target.GrainId, out var activation))
        {
            if (activation.TryQueue(call))
            {
                call.Target.LastSeen = activation.Whereabouts;
                return;
            }

            Forget(activation);
        }

        _ = PlaceAndDeliverAsync(call, caller);
    }

    // Runs in the caller's turn unless the director takes its time.
    private async Task PlaceAndDeliverAsync(Call call, Caller caller)
    {
        try
        {
            var grainClass = GrainClasses.Of(call.Target.GrainId);
            var gateway = caller.Gateway ?? throw new SiloUnavailableException($"{call} was not sent: no silo of the cluster is active.");
            var silo = await gateway.Placement.PlaceAsync(grainClass, call);
            while (true)
            {
                var activation = Find(call.Target.GrainId) ?? Activate(silo, grainClass, call);
                if (activation.TryQueue(call))
                {
                    call.Target.LastSeen = activation.Whereabouts;
                    return;
                }

                Forget(activation);
            }
        }
        catch (Exception error)
        {
            call.Fail(error);
        }
    }

    private Activation Activate(Silo silo, GrainClass grainClass, Call call)
    {
        var made = new Activation(silo, grainClass, call.Target.GrainId, call.Context);
        var registered = _directory.GetOrAdd(made.GrainId, made);
        if (registered == made && !silo.TryAdd(made))
        {
            var error = new SiloUnavailableException($"{call} was not sent: {silo.Address} is no longer active.");
            made.Abandon(error);
            throw error;
        }

        return registered;
    }
}
