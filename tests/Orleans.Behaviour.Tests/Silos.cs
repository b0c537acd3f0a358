using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

/// <summary>A cluster of one silo that many tests share, each with grains of its own.</summary>
public sealed class OneSilo : IAsyncLifetime
{
    public const string Collection = "one silo";

    private readonly InProcessTestCluster _cluster = Silos.Build(1);

    public IGrainFactory Grains => _cluster.Client;

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
    public static async Task<InProcessTestCluster> StartAsync(short count, Action<ISiloBuilder>? configure = null)
    {
        var cluster = Build(count, configure);
        await cluster.DeployAsync();
        return cluster;
    }

    public static InProcessTestCluster Build(short count, Action<ISiloBuilder>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(count);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorageAsDefault();
            silo.AddMemoryGrainStorage("memory");
            configure?.Invoke(silo);
        });
        return builder.Build();
    }

    public static T New<T>(this InProcessTestCluster cluster)
        where T : IGrainWithStringKey => cluster.Client.GetGrain<T>(Guid.NewGuid().ToString("N"));
}
