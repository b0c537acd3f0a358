using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Makes an <see cref="InProcessTestCluster"/>, configured by delegates.</summary>
public sealed class InProcessTestClusterBuilder(short initialSilosCount)
{
    private readonly List<Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder>> _silo = [];
    private readonly List<Action<IHostApplicationBuilder>> _client = [];

    /// <summary>A cluster of two silos.</summary>
    public InProcessTestClusterBuilder()
        : this(2)
    {
    }

    /// <summary>The options.</summary>
    public InProcessTestClusterOptions Options { get; } = new()
    {
        InitialSilosCount = initialSilosCount,
        ClusterId = $"testcluster-{Guid.NewGuid():N}",
        ServiceId = $"{Guid.NewGuid():N}",
    };

    /// <summary>Configures the host of each silo and of the client.</summary>
    public InProcessTestClusterBuilder ConfigureHost(Action<IHostApplicationBuilder> configureDelegate)
    {
        _silo.Add((_, host) => configureDelegate(host));
        _client.Add(configureDelegate);
        return this;
    }

    /// <summary>Configures each silo.</summary>
    public InProcessTestClusterBuilder ConfigureSilo(Action<InProcessTestSiloSpecificOptions, ISiloBuilder> configureSiloDelegate)
    {
        _silo.Add((options, host) => host.UseOrleans(silo => configureSiloDelegate(options, silo)));
        return this;
    }

    /// <summary>Configures the host of each silo.</summary>
    public InProcessTestClusterBuilder ConfigureSiloHost(
        Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder> configureSiloHostDelegate)
    {
        _silo.Add(configureSiloHostDelegate);
        return this;
    }

    /// <summary>Configures the client.</summary>
    public InProcessTestClusterBuilder ConfigureClient(Action<IClientBuilder> configureClientDelegate)
    {
        _client.Add(host => host.UseOrleansClient(configureClientDelegate));
        return this;
    }

    /// <summary>Makes the cluster; nothing starts yet.</summary>
    public InProcessTestCluster Build() => new(Options, _silo, _client);
}
