namespace Orleans.Runtime;

/// <summary>One activation of a grain: what the runtime keeps of it beside the grain object itself.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>The grain's id.</summary>
    GrainId GrainId { get; }

    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain object; null while it is being made.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of this activation, disposed of with it.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>The steps of activation and deactivation.</summary>
    IGrainLifecycle ObservableLifecycle { get; }

    /// <summary>Ends when the activation is gone. Waiting for it from within the activation is a deadlock.</summary>
    Task Deactivated { get; }

    /// <summary>Deactivates as soon as no request runs. The cancellation token shortens the wait for <c>OnDeactivateAsync</c>.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}

/// <summary>Tells which activation the running code belongs to.</summary>
public interface IGrainContextAccessor
{
    /// <summary>
    /// The activation whose turn this is. Outside of turns there is none, and it is null; Orleans may answer with a context of its own.
    /// </summary>
    IGrainContext? GrainContext { get; }
}

/// <summary>The steps of an activation, in <see cref="GrainLifecycleStage"/> order up, and in reverse order down.</summary>
public interface IGrainLifecycle : ILifecycleObservable;

/// <summary>The steps of activation.</summary>
public static class GrainLifecycleStage
{
    /// <summary>Before any other.</summary>
    public const int First = int.MinValue;

    /// <summary>State is loaded.</summary>
    public const int SetupState = 1000;

    /// <summary><c>OnActivateAsync</c> and <c>OnDeactivateAsync</c> run.</summary>
    public const int Activate = 2000;

    /// <summary>After any other.</summary>
    public const int Last = int.MaxValue;
}
