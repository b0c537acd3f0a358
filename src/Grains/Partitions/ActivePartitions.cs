using System.Collections.Concurrent;

namespace Loire.Grains.Partitions;

/// <summary>
/// The partitions that are active in one silo. A silo that stops waits for the calls of its grains, and a fetch may wait for a minute: so
/// the partitions retire first, which answers their fetches with a retriable error. One that comes to life after that retires at once.
/// Thread-safe.
/// </summary>
public sealed class ActivePartitions : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<PartitionDriver, TaskScheduler> _active = new();
    private volatile bool _isStopping;

    /// <summary>Partitions active now.</summary>
    public int Count => _active.Count;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ActivePartitions), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, RetireAll);

    /// <summary>Notes a partition. Called on its scheduler.</summary>
    internal void Add(PartitionDriver partition)
    {
        _active[partition] = TaskScheduler.Current;
        if (_isStopping)
        {
            partition.Retire();
        }
    }

    /// <summary>Forgets a partition.</summary>
    internal void Remove(PartitionDriver partition) => _active.TryRemove(partition, out _);

    /// <summary>Retires every partition, those to come included.</summary>
    internal Task RetireAll(CancellationToken cancellation)
    {
        // First the flag, then the look around: a partition is seen here, or it sees the flag.
        _isStopping = true;
        foreach (var (partition, scheduler) in _active)
        {
            Task.Factory.StartNew(partition.Retire, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
        }

        return Task.CompletedTask;
    }
}
