namespace Orleans;

/// <summary>Something that starts and stops in stages.</summary>
public interface ILifecycleObservable
{
    /// <summary>Takes part in a stage. Disposing of the result ends that.</summary>
    IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
}

/// <summary>Takes part in a stage: the stages start in rising order and stop in falling order; those of one stage, all at once.</summary>
public interface ILifecycleObserver
{
    /// <summary>Starts. An error stops the whole start.</summary>
    Task OnStart(CancellationToken cancellationToken = default);

    /// <summary>Stops. A cancelled token asks for haste.</summary>
    Task OnStop(CancellationToken cancellationToken = default);
}

/// <summary>A service that subscribes to a lifecycle by itself, if it is registered under this type.</summary>
public interface ILifecycleParticipant<TLifecycleObservable>
    where TLifecycleObservable : ILifecycleObservable
{
    /// <summary>Subscribes.</summary>
    void Participate(TLifecycleObservable lifecycle);
}
