using System.Net;

namespace Orleans.Cluster;

/// <summary>
/// Which silos of this process are one cluster: those of a test cluster, or those on this machine with the same primary silo.
/// </summary>
internal sealed class LocalClusteringOptions
{
    public bool IsLocalhost { get; set; }

    public IPEndPoint? PrimarySilo { get; set; }

    public bool IsTestCluster { get; set; }

    public bool IsConfigured => IsLocalhost || IsTestCluster;

    public string Key(string clusterId, IPEndPoint ownEndpoint) => IsTestCluster ? clusterId : $"{clusterId}@{PrimarySilo ?? ownEndpoint}";
}
