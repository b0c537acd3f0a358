using Loire.Coordination.Brokers;
using Loire.Model;

namespace Loire.Grains.Brokers;

/// <summary>The broker that a silo is.</summary>
public sealed class BrokerOptions
{
    /// <summary>The name of the cluster, to which the store belongs once a broker has registered.</summary>
    public string ClusterId { get; set; } = "loire";

    /// <summary>The broker's id, unique in the cluster, at least 0.</summary>
    public int Id { get; set; }

    /// <summary>The rack or zone in which the broker runs; null if it has none.</summary>
    public string? Rack { get; set; }

    /// <summary>Whether the broker runs without a cluster, so that the store must be its own.</summary>
    public bool IsAlone { get; set; } = true;

    /// <summary>The version of the program.</summary>
    public string Version { get; set; } = "";

    /// <summary>The feature levels of the program; set in tests.</summary>
    internal FeatureRange Features { get; set; } = FeatureLevels.Supported;

    /// <summary>
    /// How long a start waits for its predecessor to be declared dead before it is refused, because a living broker has its id. Longer than the
    /// cluster needs to notice a silo that hangs.
    /// </summary>
    public TimeSpan TakeoverWait { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a start tries again when the store does not answer.</summary>
    public TimeSpan StoreWait { get; set; } = TimeSpan.FromSeconds(15);
}
