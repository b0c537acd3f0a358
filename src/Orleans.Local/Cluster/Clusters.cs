using System.Net;
using System.Net.Sockets;

namespace Orleans.Cluster;

/// <summary>The clusters of this process, and who has which address. A cluster lasts as long as a host of it does.</summary>
internal static class Clusters
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, (LocalCluster Cluster, int Hosts)> ByKey = [];
    private static readonly Dictionary<IPEndPoint, Silo> ByEndpoint = [];

    /// <summary>The cluster of a host that was made. Each must call <see cref="Release"/> in the end.</summary>
    public static LocalCluster Take(string key)
    {
        lock (Gate)
        {
            var (cluster, hosts) = ByKey.TryGetValue(key, out var known) ? known : (new LocalCluster(key), 0);
            ByKey[key] = (cluster, hosts + 1);
            return cluster;
        }
    }

    public static void Release(LocalCluster cluster)
    {
        lock (Gate)
        {
            var hosts = ByKey[cluster.Key].Hosts - 1;
            if (hosts == 0)
            {
                ByKey.Remove(cluster.Key);
            }
            else
            {
                ByKey[cluster.Key] = (cluster, hosts);
            }
        }
    }

    /// <summary>Takes an address, as listening on it would.</summary>
    /// <exception cref="SocketException">Another silo has it.</exception>
    public static void Listen(Silo silo, params ReadOnlySpan<IPEndPoint> endpoints)
    {
        lock (Gate)
        {
            foreach (var endpoint in endpoints)
            {
                if (endpoint.Port != 0 && !ByEndpoint.TryAdd(endpoint, silo))
                {
                    StopListening(silo);
                    throw new SocketException((int)SocketError.AddressAlreadyInUse);
                }
            }
        }
    }

    public static void StopListening(Silo silo)
    {
        lock (Gate)
        {
            foreach (var (endpoint, owner) in ByEndpoint.ToList())
            {
                if (owner == silo)
                {
                    ByEndpoint.Remove(endpoint);
                }
            }
        }
    }

    /// <summary>The silo that listens on one of these addresses.</summary>
    public static Silo? Find(IEnumerable<IPEndPoint> endpoints)
    {
        lock (Gate)
        {
            return endpoints.Select(endpoint => ByEndpoint.GetValueOrDefault(endpoint)).FirstOrDefault(silo => silo is not null);
        }
    }
}
