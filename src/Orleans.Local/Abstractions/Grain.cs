using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans;

/// <summary>The base of grain classes. Made by the runtime, one object per activation.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    private readonly IGrainFactory? _grainFactory;

    /// <summary>Takes the activation that is being made.</summary>
    protected Grain()
        : this(RuntimeContext.Current!)
    {
    }

    /// <summary>Takes an activation given by hand.</summary>
    protected Grain(IGrainContext grainContext)
    {
        GrainContext = grainContext;
        _grainFactory = grainContext?.ActivationServices.GetService<IGrainFactory>();
    }

    /// <summary>The activation.</summary>
    [AllowNull]
    public IGrainContext GrainContext { get; private set; }

    /// <summary>A reference to this grain, to be given to others.</summary>
    public GrainReference GrainReference => GrainContext.GrainReference;

    /// <summary>The id as text.</summary>
    public string IdentityString => GrainContext.GrainId.ToString();

    /// <summary>Makes references to other grains.</summary>
    protected IGrainFactory GrainFactory
    {
        get
        {
            EnsureRuntime();
            return _grainFactory!;
        }
    }

    /// <summary>The services of this activation.</summary>
    protected internal IServiceProvider ServiceProvider => GrainContext.ActivationServices;

    /// <summary>Runs before the first request. If it fails, so do the requests that wait, and the next one tries again.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the last request. Not called when a silo is killed, so nothing may depend on it.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Deactivates once the requests that run now have ended. Requests that wait go to the next activation.</summary>
    protected void DeactivateOnIdle()
    {
        EnsureRuntime();
        ((IGrainBase)this).DeactivateOnIdle();
    }

    /// <summary>Keeps the activation from being collected as idle for a while; a negative time takes that back.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan)
    {
        EnsureRuntime();
        ((Activations.Activation)GrainContext).DelayDeactivation(timeSpan);
    }

    internal void EnsureRuntime()
    {
        if (_grainFactory is null)
        {
            throw new InvalidOperationException("The grain object was not made by the runtime.");
        }
    }
}
