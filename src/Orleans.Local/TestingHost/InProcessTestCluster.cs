using System.Collections.ObjectModel;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Several silos and a client in this process.</summary>
public sealed class InProcessTestCluster : IDisposable, IAsyncDisposable
{
    private readonly List<Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder>> _configureSilo;
    private readonly List<Action<IHostApplicationBuilder>> _configureClient;
    private readonly TestSilos _silos;

    internal InProcessTestCluster(
        InProcessTestClusterOptions options,
        List<Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder>> configureSilo,
        List<Action<IHostApplicationBuilder>> configureClient)
    {
        (Options, _configureSilo, _configureClient) = (options, configureSilo, configureClient);
        _silos = new TestSilos(options.ClusterId, options.ServiceId, StartSiloAsync, StartClientAsync);
    }

    /// <summary>The options.</summary>
    public InProcessTestClusterOptions Options { get; }

    /// <summary>All silos, except those that were stopped or killed.</summary>
    public ReadOnlyCollection<InProcessSiloHandle> Silos => new(_silos.All);

    /// <summary>The client.</summary>
    public IClusterClient Client => _silos.Client;

    /// <summary>The services of a silo's host; of any, if none is named.</summary>
#nullable disable annotations
    public IServiceProvider GetSiloServiceProvider(SiloAddress silo = null) =>
        _silos.All.First(handle => silo is null || handle.SiloAddress.Equals(silo)).ServiceProvider;
#nullable restore annotations

    /// <summary>Starts the silos and the client.</summary>
    public Task DeployAsync() => _silos.DeployAsync(Options.InitialSilosCount, Options.InitializeClientOnDeploy);

    /// <summary>Starts one more silo.</summary>
    public async Task<InProcessSiloHandle> StartAdditionalSiloAsync() => (await _silos.StartAsync(1))[0];

    /// <summary>Starts more silos.</summary>
    public Task<List<InProcessSiloHandle>> StartSilosAsync(int silosToStart) => _silos.StartAsync(silosToStart);

    /// <summary>Stops a silo gracefully.</summary>
    public Task StopSiloAsync(InProcessSiloHandle instance) => _silos.StopAsync(instance, gracefully: true);

    /// <summary>
    /// Kills a silo: no grain is told, calls to it fail, and its grains are activated elsewhere when they are called again.
    /// </summary>
    public Task KillSiloAsync(InProcessSiloHandle instance) => _silos.StopAsync(instance, gracefully: false);

    /// <summary>Stops a silo gracefully and starts another one of its name.</summary>
    public Task<InProcessSiloHandle> RestartSiloAsync(InProcessSiloHandle instance) => _silos.RestartAsync(instance);

    /// <summary>Stops the client and all silos gracefully.</summary>
    public Task StopAllSilosAsync() => _silos.StopAllAsync();

    /// <summary>Starts the client anew.</summary>
    public Task InitializeClientAsync() => _silos.StartClientAsync();

    /// <summary>Stops the client.</summary>
    public Task StopClusterClientAsync() => _silos.StopClientAsync();

    /// <summary>Ends when all silos know of the last change of the cluster, which here is at once.</summary>
    public Task WaitForLivenessToStabilizeAsync(bool didKill = false) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _silos.DisposeAsync();

    private async Task<InProcessSiloHandle> StartSiloAsync(int number)
    {
        var own = new InProcessTestSiloSpecificOptions
        {
            SiloName = $"Silo_{number}",
            SiloPort = TestSilos.NextPort(),
            GatewayPort = TestSilos.NextPort(),
        };
        var builder = NewHostBuilder(own.SiloName);
        foreach (var configure in _configureSilo)
        {
            configure(own, builder);
        }

        builder.UseOrleans(silo =>
        {
            _silos.Configure(silo, own.SiloName);
            silo.Configure<EndpointOptions>(options => (options.SiloPort, options.GatewayPort) = (own.SiloPort, own.GatewayPort));
        });
        var host = builder.Build();
        await host.StartAsync();
        return new InProcessSiloHandle { Name = own.SiloName, SiloHost = host };
    }

    private async Task<IHost> StartClientAsync()
    {
        var builder = NewHostBuilder("Client");
        foreach (var configure in _configureClient)
        {
            configure(builder);
        }

        builder.UseOrleansClient(_silos.Configure);
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static HostApplicationBuilder NewHostBuilder(string name) => Host.CreateApplicationBuilder(
        new HostApplicationBuilderSettings { ApplicationName = name, EnvironmentName = Environments.Development, DisableDefaults = true });
}
