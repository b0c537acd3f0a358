using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Configures each silo of a <see cref="TestCluster"/>.</summary>
public interface ISiloConfigurator
{
    /// <summary>Configures one silo.</summary>
    void Configure(ISiloBuilder siloBuilder);
}

/// <summary>Configures the host of each silo of a <see cref="TestCluster"/>.</summary>
public interface IHostConfigurator
{
    /// <summary>Configures one host.</summary>
    void Configure(IHostBuilder hostBuilder);
}
