using Orleans.Runtime;

namespace Orleans.Lifecycle;

/// <summary>Starts observers stage by stage in rising order, and stops those whose stage was begun in falling order.</summary>
internal class LifecycleStages : ILifecycleObservable
{
    private readonly List<Subscription> _subscriptions = [];

    // The highest stage whose start was begun; null before the start.
    private int? _begun;

    public int HighestCompletedStage { get; private set; } = int.MinValue;

    public int LowestStoppedStage { get; private set; } = int.MaxValue;

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (_begun is not null)
        {
            throw new InvalidOperationException("The lifecycle has already started.");
        }

        var subscription = new Subscription(this, stage, observer);
        _subscriptions.Add(subscription);
        return subscription;
    }

    public async Task OnStart(CancellationToken cancellation)
    {
        foreach (var stage in _subscriptions.GroupBy(subscription => subscription.Stage).OrderBy(stage => stage.Key).ToList())
        {
            if (cancellation.IsCancellationRequested)
            {
                throw new OrleansLifecycleCanceledException($"The start was cancelled at stage {stage.Key}.");
            }

            _begun = stage.Key;
            await Task.WhenAll(stage.Select(subscription => Call(subscription.Observer.OnStart, cancellation)));
            HighestCompletedStage = stage.Key;
        }
    }

    /// <summary>An observer that fails does not keep the stages below from being stopped.</summary>
    public async Task OnStop(CancellationToken cancellation)
    {
        var begun = _subscriptions.Where(subscription => subscription.Stage <= _begun);
        foreach (var stage in begun.GroupBy(subscription => subscription.Stage).OrderByDescending(stage => stage.Key).ToList())
        {
            try
            {
                await Task.WhenAll(stage.Select(subscription => Call(subscription.Observer.OnStop, cancellation)));
            }
            catch (Exception error)
            {
                OnStopFailed(stage.Key, error);
            }

            LowestStoppedStage = stage.Key;
        }
    }

    protected virtual void OnStopFailed(int stage, Exception error)
    {
    }

    private static Task Call(Func<CancellationToken, Task> step, CancellationToken cancellation)
    {
        try
        {
            return step(cancellation);
        }
        catch (Exception error)
        {
            return Task.FromException(error);
        }
    }

    private sealed record Subscription(LifecycleStages Lifecycle, int Stage, ILifecycleObserver Observer) : IDisposable
    {
        public void Dispose() => Lifecycle._subscriptions.Remove(this);
    }
}

/// <summary>The lifecycle of one activation.</summary>
internal sealed class GrainLifecycle : LifecycleStages, IGrainLifecycle;
