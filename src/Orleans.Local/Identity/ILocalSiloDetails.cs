namespace Orleans.Runtime;

/// <summary>Who this silo is.</summary>
public interface ILocalSiloDetails
{
    /// <summary>The silo's name.</summary>
    string Name { get; }

    /// <summary>The cluster it belongs to.</summary>
    string ClusterId { get; }

    /// <summary>The name of its machine.</summary>
    string DnsHostName { get; }

    /// <summary>Its address, which is another one after each start.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>Where clients connect to it.</summary>
    SiloAddress GatewayAddress { get; }
}

/// <summary>The state of a silo.</summary>
public enum SiloStatus
{
    /// <summary>Unknown.</summary>
    None = 0,

    /// <summary>Made, not started.</summary>
    Created = 1,

    /// <summary>Starting.</summary>
    Joining = 2,

    /// <summary>At work.</summary>
    Active = 3,

    /// <summary>Stopping gracefully.</summary>
    ShuttingDown = 4,

    /// <summary>Stopping at once.</summary>
    Stopping = 5,

    /// <summary>Gone.</summary>
    Dead = 6,
}
