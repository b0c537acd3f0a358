using Microsoft.Extensions.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>A silo of a test cluster.</summary>
public abstract class SiloHandle : IDisposable, IAsyncDisposable
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = null!;

    /// <summary>Which start it was in the cluster, from 0.</summary>
    public short InstanceNumber { get; set; }

    /// <summary>Its address.</summary>
    public SiloAddress SiloAddress { get; set; } = null!;

    /// <summary>Whether it has not been stopped.</summary>
    public abstract bool IsActive { get; }

    /// <summary>Stops it, gracefully or at once.</summary>
    public abstract Task StopSiloAsync(bool stopGracefully);

    /// <summary>Stops it, at once if the token is cancelled.</summary>
    public abstract Task StopSiloAsync(CancellationToken ct);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Stops it gracefully.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => SiloAddress.ToString();
}

/// <summary>A silo of a test cluster in this process.</summary>
public class InProcessSiloHandle : SiloHandle
{
    /// <summary>The silo's host.</summary>
    public IHost SiloHost { get; init; } = null!;

    /// <summary>The services of the silo's host.</summary>
    public IServiceProvider ServiceProvider => SiloHost.Services;

    /// <inheritdoc/>
    public override bool IsActive => true;

    /// <inheritdoc/>
    public override Task StopSiloAsync(bool stopGracefully) => Task.CompletedTask;

    /// <inheritdoc/>
    public override Task StopSiloAsync(CancellationToken ct) => Task.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => default;
}
