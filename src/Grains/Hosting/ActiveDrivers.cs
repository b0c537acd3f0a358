using System.Collections.Concurrent;

namespace Loire.Grains.Hosting;

/// <summary>A driver whose calls may wait long for news.</summary>
internal interface IRetiring
{
    /// <summary>Answers all that waits for news with a retriable error, and asks to be dropped.</summary>
    void Retire();
}

/// <summary>
/// The drivers that are active in one silo and have calls wait. A silo that stops waits for the calls of its grains, and a fetch may wait
/// for a minute, a heartbeat of a group's member for an interval: so the drivers retire first, which answers them with a retriable error. One that
/// comes to life after that retires at once. Thread-safe.
/// </summary>
public sealed class ActiveDrivers : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<IRetiring, TaskScheduler> _active = new();
    private volatile bool _isStopping;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ActiveDrivers), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, RetireAll);

    /// <summary>Notes a driver. Called on its scheduler.</summary>
    internal void Add(IRetiring driver)
    {
        _active[driver] = TaskScheduler.Current;
        if (_isStopping)
        {
            driver.Retire();
        }
    }

    /// <summary>Forgets a driver.</summary>
    internal void Remove(IRetiring driver) => _active.TryRemove(driver, out _);

    /// <summary>Retires every driver, those to come included.</summary>
    internal Task RetireAll(CancellationToken cancellation)
    {
        // First the flag, then the look around: a driver is seen here, or it sees the flag.
        _isStopping = true;
        foreach (var (driver, scheduler) in _active)
        {
            Task.Factory.StartNew(driver.Retire, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
        }

        return Task.CompletedTask;
    }
}
