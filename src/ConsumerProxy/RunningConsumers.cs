using System.Collections.Concurrent;

namespace Loire.ConsumerProxy;

/// <summary>
/// The consumers that run on one silo. A stopping silo closes them before anything else: committing what is finished needs their groups,
/// which stop answering at <see cref="ServiceLifecycleStage.Active"/>. Thread-safe.
/// </summary>
public sealed class RunningConsumers : ILifecycleParticipant<ISiloLifecycle>
{
    // The stages of a lifecycle stop in descending order.
    private const int BeforeGroupsStop = ServiceLifecycleStage.Active + 1;

    private readonly ConcurrentDictionary<ProxiedConsumer, bool> _running = new();
    private volatile bool _isStopping;

    /// <summary>Whether the silo stops, so that consumers have to be restored on another one.</summary>
    internal bool IsStopping => _isStopping;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(RunningConsumers), BeforeGroupsStop, static _ => Task.CompletedTask, _ => LetGoAsync());

    /// <summary>Adds a consumer.</summary>
    internal void Add(ProxiedConsumer consumer)
    {
        _running[consumer] = true;
        if (_isStopping)
        {
            _ = consumer.LetGoAsync();
        }
    }

    /// <summary>Removes a consumer.</summary>
    internal void Remove(ProxiedConsumer consumer) => _running.TryRemove(consumer, out _);

    /// <summary>Lets every consumer go, including those that are added later.</summary>
    internal Task LetGoAsync()
    {
        // The flag is set first: a consumer that is being added is either found here or sees the flag.
        _isStopping = true;
        return Task.WhenAll(_running.Keys.Select(consumer => consumer.LetGoAsync()));
    }
}
