namespace Orleans.Configuration;

/// <summary>Which cluster a silo or a client belongs to.</summary>
public class ClusterOptions
{
    /// <summary>The cluster where none is named.</summary>
    public const string DefaultClusterId = "default";

    /// <summary>The service where none is named.</summary>
    public const string DefaultServiceId = "default";

    internal const string DevelopmentClusterId = "dev";
    internal const string DevelopmentServiceId = "dev";

    /// <summary>The cluster. Silos of different clusters never meet.</summary>
    public string ClusterId { get; set; } = DefaultClusterId;

    /// <summary>The service, which outlives a cluster; storage providers may use it in keys.</summary>
    public string ServiceId { get; set; } = DefaultServiceId;
}
