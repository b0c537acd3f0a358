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

    /// <summary>The types that configure the client, by name.</summary>
    public List<string> ClientBuilderConfiguratorTypes { get; } = [];
}

/// <summary>Options of an <see cref="InProcessTestCluster"/>.</summary>
public sealed class InProcessTestClusterOptions
{
    /// <summary>The cluster's id.</summary>
    public string ClusterId { get; set; } = null!;

    /// <summary>The service's id.</summary>
    public string ServiceId { get; set; } = null!;

    /// <summary>How many silos to start with.</summary>
    public short InitialSilosCount { get; set; }

    /// <summary>Whether a client is made when the cluster is deployed.</summary>
    public bool InitializeClientOnDeploy { get; set; } = true;
}

/// <summary>Which silo of an <see cref="InProcessTestCluster"/> is being configured.</summary>
public sealed class InProcessTestSiloSpecificOptions
{
    /// <summary>The port for other silos.</summary>
    public int SiloPort { get; set; }

    /// <summary>The port for clients.</summary>
    public int GatewayPort { get; set; }

    /// <summary>The silo's name.</summary>
    public string SiloName { get; set; } = null!;
}
