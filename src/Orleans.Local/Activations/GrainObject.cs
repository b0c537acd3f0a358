using Microsoft.Extensions.DependencyInjection;
using Orleans.Lifecycle;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>The grain object of an activation with what belongs to it: its services, its lifecycle and its timers.</summary>
internal sealed class GrainObject(Activation activation)
{
    private readonly Lock _gate = new();
    private AsyncServiceScope _scope;
    private HashSet<GrainTimer>? _timers = [];

    public object? Instance { get; private set; }

    public IServiceProvider Services => _scope.ServiceProvider;

    public GrainLifecycle Lifecycle { get; } = new();

    public async Task StartAsync(Dictionary<string, object>? firstContext, CancellationToken patience)
    {
        RequestContext.Current = firstContext;
        _scope = activation.Silo.Services.CreateAsyncScope();
        Instance = activation.Class.CreateInstance(activation);
        (Instance as ILifecycleParticipant<IGrainLifecycle>)?.Participate(Lifecycle);
        await Lifecycle.OnStart(patience).WaitAsync(patience);
        if (Instance is IGrainBase grain)
        {
            await grain.OnActivateAsync(patience).WaitAsync(patience);
        }
    }

    /// <summary>Never fails: whatever goes wrong while a grain ends, it ends.</summary>
    public async Task StopAsync(DeactivationReason reason, bool wasActive, CancellationToken patience)
    {
        StopTimers();
        if (wasActive && Instance is IGrainBase grain)
        {
            await Attempt(() => grain.OnDeactivateAsync(reason, patience).WaitAsync(patience));
        }

        await Attempt(() => Lifecycle.OnStop(patience).WaitAsync(patience));
        await Attempt(async () =>
        {
            switch (Instance)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }

            await _scope.DisposeAsync();
        });
    }

    public IGrainTimer RegisterTimer<TState>(
        Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer<TState>(activation, callback, state, options);
        lock (_gate)
        {
            _timers?.Add(timer);
        }

        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_gate)
        {
            _timers?.Remove(timer);
        }
    }

    public void StopTimers()
    {
        HashSet<GrainTimer>? timers;
        lock (_gate)
        {
            (timers, _timers) = (_timers, null);
        }

        foreach (var timer in timers ?? [])
        {
            timer.Dispose();
        }
    }

    private async Task Attempt(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception error)
        {
            activation.Silo.Log.DeactivationFailed(error, activation);
        }
    }
}
