using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Cluster;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>The running silos and the client of a test cluster, for both kinds of test cluster.</summary>
internal sealed class TestSilos(
    string clusterId, string serviceId, Func<int, Task<InProcessSiloHandle>> startSilo, Func<Task<IHost>> startClient)
{
    private static int _lastPort = 20_000;

    private readonly Lock _gate = new();
    private readonly List<InProcessSiloHandle> _silos = [];
    private readonly HashSet<int> _numbers = [];

    // The cluster, and what it keeps in memory, outlives the moments when no silo runs.
    private readonly LocalCluster _cluster = Clusters.Take(clusterId);
    private bool _disposed;

    public IHost? ClientHost { get; private set; }

    public IClusterClient Client =>
        ClientHost?.Services.GetRequiredService<IClusterClient>()
        ?? throw new InvalidOperationException("The test cluster has no client now.");

    public InProcessSiloHandle[] All
    {
        get
        {
            lock (_gate)
            {
                return [.. _silos.OrderBy(silo => silo.InstanceNumber)];
            }
        }
    }

    /// <summary>No socket listens, so any port that no other silo of this process has will do.</summary>
    public static int NextPort() => Interlocked.Increment(ref _lastPort);

    /// <summary>What makes a silo a member of the test cluster.</summary>
    public void Configure(ISiloBuilder builder, string name) => builder
        .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (clusterId, serviceId))
        .Configure<SiloOptions>(options => options.SiloName = name)
        .Configure<LocalClusteringOptions>(options => options.IsTestCluster = true);

    /// <summary>What makes a client one of the test cluster.</summary>
    public void Configure(IClientBuilder builder) => builder
        .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (clusterId, serviceId))
        .Configure<LocalClusteringOptions>(options => options.IsTestCluster = true);

    public async Task DeployAsync(int count, bool withClient)
    {
        if (All.Length > 0)
        {
            throw new InvalidOperationException("The test cluster was deployed already.");
        }

        await StartAsync(count);
        if (withClient)
        {
            await StartClientAsync();
        }
    }

    public async Task<List<InProcessSiloHandle>> StartAsync(int count) =>
        [.. await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(() => StartOneAsync(TakeNumber()))))];

    public async Task<InProcessSiloHandle> RestartAsync(InProcessSiloHandle silo)
    {
        await StopAsync(silo, gracefully: true);
        lock (_gate)
        {
            _numbers.Add(silo.InstanceNumber);
        }

        return await StartOneAsync(silo.InstanceNumber);
    }

    public async Task StopAsync(InProcessSiloHandle silo, bool gracefully)
    {
        lock (_gate)
        {
            _silos.Remove(silo);
            _numbers.Remove(silo.InstanceNumber);
        }

        await silo.StopSiloAsync(gracefully);
    }

    public async Task StartClientAsync()
    {
        await StopClientAsync();
        ClientHost = await startClient();
    }

    public async Task StopClientAsync()
    {
        if (ClientHost is { } client)
        {
            ClientHost = null;
            await client.StopAsync();
            client.Dispose();
        }
    }

    public async Task StopAllAsync()
    {
        await StopClientAsync();
        foreach (var silo in All)
        {
            await StopAsync(silo, gracefully: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await StopClientAsync();
        foreach (var silo in All)
        {
            await silo.DisposeAsync();
        }

        Clusters.Release(_cluster);
    }

    private int TakeNumber()
    {
        lock (_gate)
        {
            var number = 0;
            while (!_numbers.Add(number))
            {
                number++;
            }

            return number;
        }
    }

    private async Task<InProcessSiloHandle> StartOneAsync(int number)
    {
        var silo = await startSilo(number);
        silo.InstanceNumber = (short)number;
        silo.SiloAddress = silo.ServiceProvider.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        lock (_gate)
        {
            _silos.Add(silo);
        }

        return silo;
    }
}
