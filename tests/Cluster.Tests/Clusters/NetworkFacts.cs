using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>A fact on nodes with networks of their own, skipped where Azurite is not installed or there can be no such networks.</summary>
internal sealed class NetworkFactAttribute : FactAttribute
{
    public NetworkFactAttribute() => Skip = AzuriteServer.Command is null ? AzuriteFactAttribute.NotInstalled : NodeNetworks.Problem!;
}
