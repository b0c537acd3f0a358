using System.Collections.Concurrent;
using Loire.Grains.Hosting;
using Loire.Log;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>
/// Silos of one test find the one store that they share by a name in their configuration, as silos of a real cluster find theirs by its
/// address.
/// </summary>
public sealed class SharedStore : ISiloConfigurator, IClientBuilderConfigurator
{
    private const string Property = "LoireTestStore";

    // A call that is under way when its silo is killed may end only by it, 30 s by default.
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(8);
    private static readonly ConcurrentDictionary<
        string, (IGrainStorage Storage, Action<LoireGrainsOptions>? Configure, IIncomingGrainCallFilter? Filter)> Stores = new();

    /// <summary>A cluster of <paramref name="silos"/> silos over <paramref name="storage"/>.</summary>
    public static async Task<TestCluster> DeployAsync(
        short silos, IGrainStorage storage, Action<LoireGrainsOptions>? configure = null, Action<TestClusterBuilder>? build = null,
        IIncomingGrainCallFilter? filter = null)
    {
        var name = Guid.NewGuid().ToString("N");
        Stores[name] = (storage, configure, filter);
        var builder = new TestClusterBuilder(silos);
        builder.Properties[Property] = name;
        builder.AddSiloBuilderConfigurator<SharedStore>();
        builder.AddClientBuilderConfigurator<SharedStore>();
        build?.Invoke(builder);
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    public void Configure(ISiloBuilder siloBuilder)
    {
        var (storage, configure, filter) = Stores[siloBuilder.Configuration[Property]!];
        if (filter is not null)
        {
            siloBuilder.AddIncomingGrainCallFilter(filter);
        }

        // A silo that is killed in this process refuses connections at once: nothing is gained by probing it for longer.
        siloBuilder.Configure<ClusterMembershipOptions>(membership => membership.ProbeTimeout = TimeSpan.FromSeconds(1));
        siloBuilder.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout);
        siloBuilder.Services.AddKeyedSingleton(LogStorage.ProviderName, storage);
        if (storage is IObjectListing listing)
        {
            siloBuilder.Services.AddKeyedSingleton(LogStorage.ProviderName, listing);
        }

        siloBuilder.AddLoireGrains(options =>
        {
            options.CacheBytes = 16 * 1024 * 1024;

            // Delays that spare real groups work would only make tests wait.
            options.Groups.Members = options.Groups.Members with
            {
                InitialRebalanceDelay = TimeSpan.FromMilliseconds(50),
                AssignmentInterval = TimeSpan.FromMilliseconds(10),
            };
            options.Groups.TopicsInterval = TimeSpan.FromMilliseconds(200);
            options.Groups.MirrorInterval = TimeSpan.FromMilliseconds(50);
            options.Groups.OffsetsTopicPartitions = 3;
            configure?.Invoke(options);
        });
    }

    public void Configure(IConfiguration configuration, IClientBuilder clientBuilder) =>
        clientBuilder.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout);
}
