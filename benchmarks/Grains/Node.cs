using System.Net;
using System.Net.Sockets;
using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Log;
using Loire.Model;
using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Loire.Grains.Benchmarks;

/// <summary>One silo with the grains over a file store, and a topic to work on.</summary>
internal sealed class Node(IHost host, FileGrainStorage store) : IAsyncDisposable
{
    public FileGrainStorage Store => store;

    /// <summary>How often an object of the store was read.</summary>
    public long Reads => host.Services.GetRequiredService<CountedStorage>().Reads;

    /// <summary>The bytes of the objects that were read.</summary>
    public long ReadBytes => host.Services.GetRequiredService<CountedStorage>().ReadBytes;

    /// <summary>What logs have written to the store.</summary>
    public WrittenBytes Written => host.Services.GetRequiredService<CountedStorage>().Written;

    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<Node> StartAsync(
        string directory, long cacheBytes = 256L * 1024 * 1024, Action<LoireGrainsOptions>? configure = null, long fileBytes = 256L * 1024 * 1024)
    {
        var options = new FileStoreOptions { Directory = Path.Combine(directory, "store"), FileBytes = fileBytes };
        var store = await FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreePort(), gatewayPort: 0);
            silo.AddFileGrainStorage(LogStorage.ProviderName, store);
            silo.Services.AddSingleton(new CountedStorage(store));
            silo.Services.AddKeyedSingleton<IGrainStorage>(LogStorage.ProviderName, (services, _) => services.GetRequiredService<CountedStorage>());
            silo.AddLoireBroker(broker => broker.Version = "benchmark");
            silo.AddLoireGrains(options =>
            {
                options.CacheBytes = cacheBytes;
                configure?.Invoke(options);
            });
        });
        var host = builder.Build();
        await host.StartAsync();
        return new Node(host, store);
    }

    public async Task<IPartitionGrain[]> CreateTopicAsync(string name, int partitions, params KeyValuePair<string, string>[] configs)
    {
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var created = await grains.GetGrain<ITopicGrain>(name)
            .Create(new CreateTopicRequest(partitions, 1, [new("max.message.bytes", "8000000"), .. configs], false));
        return created.Error == ErrorCode.None ? Partitions(grains, created.Topic!) : throw new InvalidOperationException(created.Detail);
    }

    public async Task<IPartitionGrain[]> FindTopicAsync(string name)
    {
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        return Partitions(grains, (await grains.GetGrain<ITopicGrain>(name).Describe()).Topic!);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
        await store.DisposeAsync();
    }

    private static IPartitionGrain[] Partitions(IGrainFactory grains, TopicDescription topic) =>
        [.. Enumerable.Range(0, topic.PartitionsCount).Select(i =>
            grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, i).ToString()))];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
