using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

/// <summary>A cluster of one silo that tests share, each with grains of its own.</summary>
public sealed class OneSilo : IAsyncLifetime
{
    public const string Collection = "one silo";

    private readonly InProcessTestCluster _cluster = Silos.Build(1);

    /// <summary>Calls from a client.</summary>
    public IGrainFactory Grains => _cluster.Client;

    /// <summary>The services of the silo.</summary>
    public IServiceProvider Services => _cluster.GetSiloServiceProvider();

    /// <summary>A grain that no other test has.</summary>
    public T New<T>()
        where T : IGrainWithStringKey => Grains.GetGrain<T>(Guid.NewGuid().ToString("N"));

    public Task InitializeAsync() => _cluster.DeployAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();
}

[CollectionDefinition(OneSilo.Collection)]
public sealed class OneSiloCollection : ICollectionFixture<OneSilo>;

/// <summary>Clusters of a test's own.</summary>
internal static class Silos
{
    public static async Task<InProcessTestCluster> StartAsync(short count)
    {
        var cluster = Build(count);
        await cluster.DeployAsync();
        return cluster;
    }

    public static InProcessTestCluster Build(short count, Action<ISiloBuilder>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(count);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => configure?.Invoke(silo));
        return builder.Build();
    }
}
