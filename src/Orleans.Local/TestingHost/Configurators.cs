using Microsoft.Extensions.Configuration;
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

/// <summary>Configures the client of a <see cref="TestCluster"/>.</summary>
public interface IClientBuilderConfigurator
{
    /// <summary>Configures the client.</summary>
    void Configure(IConfiguration configuration, IClientBuilder clientBuilder);
}

/// <summary>What a configurator can learn of its cluster.</summary>
public static class TestClusterExtensions
{
    /// <summary>The configuration of the cluster and the silo.</summary>
    public static IConfiguration GetConfiguration(this IHostBuilder builder) => (IConfiguration)builder.Properties["Configuration"];

    /// <summary>One value of the configuration.</summary>
    public static string GetConfigurationValue(this IHostBuilder hostBuilder, string key) => hostBuilder.GetConfiguration()[key]!;
}
