using System.Collections.Concurrent;

namespace Loire.Grains.Turns;

/// <summary>
/// The drivers of one silo that park calls. A stopping silo waits for the calls of its grains, and a fetch may be parked for a minute, a
/// heartbeat for its interval: so the drivers retire first, which fails parked calls with a retriable error. A driver that activates after
/// that retires at once. Thread-safe.
/// </summary>
public sealed class ActiveDrivers : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<IRetiring, IGrainContext> _active = new();
    private volatile bool _isStopping;
    private volatile bool _turnsAway;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ActiveDrivers), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, RetireAll);

    /// <summary>Adds a driver.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="activation">Its activation.</param>
    internal void Add(IRetiring driver, IGrainContext activation)
    {
        _active[driver] = activation;
        if (_isStopping)
        {
            driver.Retire();
        }
        else if (_turnsAway && driver is IMoving moving)
        {
            _ = EndAsync(moving, activation);
        }
    }

    /// <summary>
    /// From now on ends every activation that could be elsewhere as soon as it begins, before it serves a call. A silo that has not heard where a grain is now
    /// sends calls here, and Orleans activates the grain for them. Ended at once, it has them forwarded, and their sender learns better; if it
    /// served them first, as many activations would begin and end as there are calls.
    /// </summary>
    internal void TurnAway() => _turnsAway = true;

    /// <summary>Removes a driver.</summary>
    internal void Remove(IRetiring driver) => _active.TryRemove(driver, out _);

    /// <summary>The drivers of a type.</summary>
    internal IEnumerable<T> OfType<T>()
        where T : IRetiring => _active.Keys.OfType<T>();

    /// <summary>
    /// Ends an activation, so that its grain is placed again where it belongs now. No call fails: those that run end as always or at once, and Orleans
    /// forwards later ones to the next activation.
    /// </summary>
    /// <remarks>
    /// Not Orleans' migration: that takes the calls that wait along, and if its outcome is unknown it rejects them, although the other silo may have run
    /// them. A rejected append is repeated, and would be stored twice. For the same reason every grain is <c>[Immovable]</c>: a silo that stops migrates
    /// others by itself.
    /// </remarks>
    /// <returns>Completes when the activation has ended.</returns>
    internal async Task MoveAsync(IMoving driver)
    {
        if (_active.TryGetValue(driver, out var activation))
        {
            // First, so that no call starts to wait after the others have been ended.
            var ended = EndAsync(driver, activation);
            driver.EndWaits();
            await ended;
        }
    }

    private async Task EndAsync(IMoving driver, IGrainContext activation)
    {
        activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The grain belongs elsewhere."), CancellationToken.None);
        await activation.Deactivated;

        // Orleans tells no grain that it ends if that was asked for before it had begun.
        if (_active.TryRemove(driver, out _))
        {
            await driver.DisposeAsync();
        }
    }

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
