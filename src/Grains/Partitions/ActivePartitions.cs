using System.Collections.Concurrent;

namespace Loire.Grains.Partitions;

/// <summary>
/// The partitions that are active in one silo. A silo that stops waits for the calls of its grains, and a fetch may wait for a minute: so
/// the partitions retire first, which answers their fetches with a retriable error. Thread-safe.
/// </summary>
public sealed class ActivePartitions : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<PartitionDriver, TaskScheduler> _active = new();

    /// <summary>Partitions active now.</summary>
    public int Count => _active.Count;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ActivePartitions), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, RetireAll);

    /// <summary>Notes a partition. Called on its scheduler.</summary>
    internal void Add(PartitionDriver partition) => _active[partition] = TaskScheduler.Current;

    /// <summary>Forgets a partition.</summary>
    internal void Remove(PartitionDriver partition) => _active.TryRemove(partition, out _);

    private Task RetireAll(CancellationToken cancellation)
    {
        foreach (var (partition, scheduler) in _active)
        {
            Task.Factory.StartNew(partition.Retire, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
        }

        return Task.CompletedTask;
    }
}
