namespace Orleans.TestingHost;

/// <summary>Options of a <see cref="TestCluster"/>.</summary>
public class TestClusterOptions
{
    /// <summary>The cluster's id.</summary>
    public string ClusterId { get; set; } = null!;

    /// <summary>The service's id.</summary>
    public string ServiceId { get; set; } = null!;

    /// <summary>How many silos to start with.</summary>
    public short InitialSilosCount { get; set; }

    /// <summary>Whether a client is made when the cluster is deployed.</summary>
    public bool InitializeClientOnDeploy { get; set; } = true;

    /// <summary>The types that configure silos, by name.</summary>
    public List<string> SiloBuilderConfiguratorTypes { get; } = [];
}
