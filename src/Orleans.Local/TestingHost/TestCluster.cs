using System.Collections.ObjectModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Several silos and a client in this process.</summary>
public class TestCluster : IDisposable, IAsyncDisposable
{
    private readonly IConfiguration _configuration;
    private readonly TestSilos _silos;

    internal TestCluster(TestClusterOptions options, IConfiguration configuration)
    {
        Options = options;
        _configuration = configuration;
        _silos = new TestSilos(options.ClusterId, options.ServiceId, StartSiloAsync, StartClientAsync);
    }

    /// <summary>The options.</summary>
    public TestClusterOptions Options { get; }

    /// <summary>The first silo; null once it was stopped or killed.</summary>
    public SiloHandle Primary => _silos.All.FirstOrDefault(silo => silo.InstanceNumber == 0)!;

    /// <summary>The other silos, except those that were stopped or killed.</summary>
    public IReadOnlyList<SiloHandle> SecondarySilos => [.. _silos.All.Where(silo => silo.InstanceNumber != 0)];

    /// <summary>All silos, except those that were stopped or killed.</summary>
    public ReadOnlyCollection<SiloHandle> Silos => new([.. _silos.All]);

    /// <summary>The client.</summary>
    public IClusterClient Client => _silos.Client;

    /// <summary>The client.</summary>
    public IGrainFactory GrainFactory => Client;

    /// <summary>The services of the client's host.</summary>
    public IServiceProvider ServiceProvider => Client.ServiceProvider;

    /// <summary>The services of a silo's host; of any, if none is named.</summary>
#nullable disable annotations
    public IServiceProvider GetSiloServiceProvider(SiloAddress silo = null) =>
        _silos.All.First(handle => silo is null || handle.SiloAddress.Equals(silo)).ServiceProvider;
#nullable restore annotations

    /// <summary>Starts the silos and the client.</summary>
    public Task DeployAsync() => _silos.DeployAsync(Options.InitialSilosCount, Options.InitializeClientOnDeploy);

    /// <summary>Starts one more silo. Its ports are new ones in any case.</summary>
    public async Task<SiloHandle> StartAdditionalSiloAsync(bool startAdditionalSiloOnNewPort = false) => (await _silos.StartAsync(1))[0];

    /// <summary>Starts more silos. Their ports are new ones in any case.</summary>
    public async Task<List<SiloHandle>> StartAdditionalSilosAsync(int silosToStart, bool startAdditionalSiloOnNewPort = false) =>
        [.. await _silos.StartAsync(silosToStart)];

    /// <summary>Stops a silo gracefully.</summary>
    public Task StopSiloAsync(SiloHandle instance) => _silos.StopAsync((InProcessSiloHandle)instance, gracefully: true);

    /// <summary>
    /// Kills a silo: no grain is told, calls to it fail, and its grains are activated elsewhere when they are called again.
    /// </summary>
    public Task KillSiloAsync(SiloHandle instance) => _silos.StopAsync((InProcessSiloHandle)instance, gracefully: false);

    /// <summary>Stops a silo gracefully and starts another one of its name.</summary>
    public async Task<SiloHandle> RestartSiloAsync(SiloHandle instance) => await _silos.RestartAsync((InProcessSiloHandle)instance);

    /// <summary>Stops the client and all silos gracefully.</summary>
    public Task StopAllSilosAsync() => _silos.StopAllAsync();

    /// <summary>Starts the client anew.</summary>
    public Task InitializeClientAsync() => _silos.StartClientAsync();

    /// <summary>Stops the client.</summary>
    public Task StopClusterClientAsync() => _silos.StopClientAsync();

    /// <summary>Ends when all silos know of the last change of the cluster, which here is at once.</summary>
    public Task WaitForLivenessToStabilizeAsync(bool didKill = false) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _silos.DisposeAsync();
    }

    private static IEnumerable<object> Configurators(List<string> types) =>
        types.Select(type => Activator.CreateInstance(Type.GetType(type, throwOnError: true)!)!);

    private async Task<InProcessSiloHandle> StartSiloAsync(int number)
    {
        var name = number == 0 ? "Primary" : $"Secondary_{number}";
        var builder = NewHostBuilder(name);
        builder.UseOrleans(silo =>
        {
            _silos.Configure(silo, name);
            silo.Configure<EndpointOptions>(options =>
                (options.SiloPort, options.GatewayPort) = (TestSilos.NextPort(), TestSilos.NextPort()));
        });
        foreach (var configurator in Configurators(Options.SiloBuilderConfiguratorTypes))
        {
            (configurator as IHostConfigurator)?.Configure(builder);
            builder.UseOrleans(silo => (configurator as ISiloConfigurator)?.Configure(silo));
        }

        var host = builder.Build();
        await host.StartAsync();
        return new InProcessSiloHandle { Name = name, SiloHost = host };
    }

    private async Task<IHost> StartClientAsync()
    {
        var builder = NewHostBuilder("Client");
        builder.UseOrleansClient(_silos.Configure);
        foreach (var configurator in Configurators(Options.ClientBuilderConfiguratorTypes))
        {
            (configurator as IHostConfigurator)?.Configure(builder);
            builder.UseOrleansClient(client => (configurator as IClientBuilderConfigurator)?.Configure(client.Configuration, client));
        }

        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private HostBuilder NewHostBuilder(string name)
    {
        var configuration = new ConfigurationBuilder()
            .AddConfiguration(_configuration)
            .AddInMemoryCollection([
                new("Orleans:ClusterId", Options.ClusterId),
                new("Orleans:ServiceId", Options.ServiceId),
                new("Orleans:Name", name),
                new("InitialSilosCount", $"{Options.InitialSilosCount}"),
            ])
            .Build();
        var builder = new HostBuilder();
        builder.UseEnvironment(Environments.Development);
        builder.Properties["Configuration"] = configuration;
        builder.ConfigureHostConfiguration(host => host.AddConfiguration(configuration));
        return builder;
    }
}
