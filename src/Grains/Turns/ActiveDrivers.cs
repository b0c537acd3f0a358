using System.Collections.Concurrent;

namespace Loire.Grains.Turns;

/// <summary>
/// The drivers of one silo that park calls. A stopping silo waits for the calls of its grains, and a fetch may be parked for a minute, a
/// heartbeat for its interval: so the drivers retire first, which fails parked calls with a retriable error. A driver that activates after
/// that retires at once. Thread-safe.
/// </summary>
public sealed class ActiveDrivers : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<IRetiring, bool> _active = new();
    private volatile bool _isStopping;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ActiveDrivers), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, RetireAll);

    /// <summary>Adds a driver.</summary>
    internal void Add(IRetiring driver)
    {
        _active[driver] = true;
        if (_isStopping)
        {
            driver.Retire();
        }
    }

    /// <summary>Removes a driver.</summary>
    internal void Remove(IRetiring driver) => _active.TryRemove(driver, out _);

    /// <summary>Retires every driver, including those that are added later.</summary>
    internal Task RetireAll(CancellationToken cancellation)
    {
        // The flag is set first: a driver that is being added is either found here or sees the flag.
        _isStopping = true;
        foreach (var (driver, _) in _active)
        {
            driver.Retire();
        }

        return Task.CompletedTask;
    }
}
