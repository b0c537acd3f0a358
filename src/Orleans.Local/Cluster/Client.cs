using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Calls;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Cluster;

/// <summary>Calls the grains of a cluster of this process from a host without a silo.</summary>
internal sealed class Client(
    IOptions<LocalClusteringOptions> clustering,
    IOptions<ClusterOptions> cluster,
    IOptions<ClientGateways> gateways,
    IOptions<ClientMessagingOptions> messaging)
    : Caller(Clusters.Take(Key(clustering.Value, cluster.Value, gateways.Value)), TimeProvider.System), IHostedService, IDisposable
{
    private volatile bool _connected;
    private int _disposed;

    public override TimeSpan ResponseTimeout => messaging.Value.ResponseTimeout;

    public override bool CancelRequestOnTimeout => messaging.Value.CancelRequestOnTimeout;

    public override bool IsConnected => _connected;

    public override Silo? Gateway => Cluster.AnyActiveSilo();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _connected = true;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _connected = false;
        return Task.CompletedTask;
    }

    // The container disposes of it once for each type that it is registered under.
    public void Dispose()
    {
        _connected = false;
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Outstanding.Dispose();
            Clusters.Release(Cluster);
        }
    }

    private static string Key(LocalClusteringOptions clustering, ClusterOptions cluster, ClientGateways gateways) =>
        clustering.IsTestCluster
            ? cluster.ClusterId
            : Clusters.Find(gateways.Endpoints)?.Cluster.Key
                ?? throw new SiloUnavailableException($"No silo of this process is a gateway at {string.Join(", ", gateways.Endpoints)}.");
}

/// <summary>Where a client looks for its cluster.</summary>
internal sealed class ClientGateways
{
    public List<IPEndPoint> Endpoints { get; } = [];
}
