using System.Net;
using Orleans.Runtime;

namespace Orleans.Configuration;

/// <summary>Who a silo is.</summary>
public class SiloOptions
{
    /// <summary>The silo's name; made up if not given.</summary>
    public string SiloName { get; set; } = null!;
}

/// <summary>
/// Where a silo is. This runtime opens no sockets; the addresses only identify silos, and two of a cluster cannot have the same.
/// </summary>
public class EndpointOptions
{
    /// <summary>The port of a silo where none is given.</summary>
    public const int DEFAULT_SILO_PORT = 11111;

    /// <summary>The port for clients where none is given.</summary>
    public const int DEFAULT_GATEWAY_PORT = 30000;

    private IPAddress _advertised = IPAddress.Loopback;
    private int _siloPort = DEFAULT_SILO_PORT;

    /// <summary>The address that other silos are told.</summary>
    public IPAddress AdvertisedIPAddress
    {
        get => _advertised;
        set => _advertised = value is null || value.Equals(IPAddress.Any) || value.Equals(IPAddress.IPv6Any)
            ? throw new OrleansConfigurationException($"{value} is not an address that other silos can reach.")
            : value;
    }

    /// <summary>The port for other silos.</summary>
    public int SiloPort
    {
        get => _siloPort;
        set => _siloPort = value == 0 ? throw new OrleansConfigurationException("A silo needs a port.") : value;
    }

    /// <summary>The port for clients; 0 for none.</summary>
    public int GatewayPort { get; set; } = DEFAULT_GATEWAY_PORT;
}
