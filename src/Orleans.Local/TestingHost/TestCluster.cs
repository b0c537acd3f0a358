using System.Collections.ObjectModel;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Several silos and a client in this process.</summary>
public class TestCluster : IDisposable, IAsyncDisposable
{
    internal TestCluster(TestClusterOptions options) => Options = options;

    /// <summary>The options.</summary>
    public TestClusterOptions Options { get; }

    /// <summary>The first silo; null once it was stopped or killed.</summary>
    public SiloHandle Primary { get; private set; } = null!;

    /// <summary>The other silos that have not been stopped or killed.</summary>
    public IReadOnlyList<SiloHandle> SecondarySilos => [];

    /// <summary>All silos that have not been stopped or killed.</summary>
    public ReadOnlyCollection<SiloHandle> Silos => new([]);

    /// <summary>The client.</summary>
    public IClusterClient Client => null!;

    /// <summary>The client.</summary>
    public IGrainFactory GrainFactory => Client;

    /// <summary>The services of the client.</summary>
    public IServiceProvider ServiceProvider => Client.ServiceProvider;

    /// <summary>The services of a silo, any one if none is named.</summary>
    public IServiceProvider GetSiloServiceProvider(SiloAddress? silo = null) => ServiceProvider;

    /// <summary>Starts the silos and the client.</summary>
    public Task DeployAsync() => Task.CompletedTask;

    /// <summary>Starts one more silo.</summary>
    public Task<SiloHandle> StartAdditionalSiloAsync(bool startAdditionalSiloOnNewPort = false) => Task.FromResult<SiloHandle>(null!);

    /// <summary>Starts more silos.</summary>
    public Task<List<SiloHandle>> StartAdditionalSilosAsync(int silosToStart, bool startAdditionalSiloOnNewPort = false) =>
        Task.FromResult<List<SiloHandle>>([]);

    /// <summary>Stops a silo gracefully.</summary>
    public Task StopSiloAsync(SiloHandle instance) => Task.CompletedTask;

    /// <summary>Kills a silo: nothing is deactivated, calls to it fail.</summary>
    public Task KillSiloAsync(SiloHandle instance) => Task.CompletedTask;

    /// <summary>Stops a silo gracefully and starts another of its name.</summary>
    public Task<SiloHandle> RestartSiloAsync(SiloHandle instance) => Task.FromResult(instance);

    /// <summary>Stops the client and all silos gracefully.</summary>
    public Task StopAllSilosAsync() => Task.CompletedTask;

    /// <summary>Ends when every silo has seen the last change of the cluster.</summary>
    public Task WaitForLivenessToStabilizeAsync(bool didKill = false) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
