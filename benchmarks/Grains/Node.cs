using System.Net;
using System.Net.Sockets;
using System.Text;
using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Log;
using Loire.Model;
using Loire.Model.Batches;
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

    /// <summary>A batch of so many records of so many bytes.</summary>
    public static ReadOnlyMemory<byte> Batch(int records, int recordBytes)
    {
        using var builder = new RecordBatchBuilder();
        var value = Encoding.ASCII.GetBytes(new string('v', recordBytes));
        for (var i = 0; i < records; i++)
        {
            builder.Append(Timestamp.From(DateTimeOffset.UtcNow), default, true, value, false, []);
        }

        return builder.Build();
    }

    /// <summary>A batch of records with random keys of a number and values of so many bytes.</summary>
    public static ReadOnlyMemory<byte> Keyed(Random random, int records, int keys, int valueBytes)
    {
        using var builder = new RecordBatchBuilder();
        var value = new byte[valueBytes];
        for (var i = 0; i < records; i++)
        {
            random.NextBytes(value);
            var key = Encoding.ASCII.GetBytes($"key-{random.Next(keys):D8}");
            builder.Append(Timestamp.From(DateTimeOffset.UtcNow), key, false, value, false, []);
        }

        return builder.Build();
    }

    public static async Task AppendAsync(IPartitionGrain partition, ReadOnlyMemory<byte> batch)
    {
        var result = await partition.Append(new AppendRequest(batch, Acks.All));
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{result.Error}: {result.Detail}");
        }
    }

    /// <summary>Reads from an offset to the end; returns the bytes.</summary>
    public static async Task<long> ReadAllAsync(IPartitionGrain partition, int maxBytes)
    {
        long bytes = 0;
        for (var from = Offset.Zero; ;)
        {
            var result = await partition.Fetch(new FetchRequest(from, maxBytes, 0, TimeSpan.Zero), default);
            if (result.Error != ErrorCode.None)
            {
                throw new InvalidOperationException($"{result.Error}: {result.Detail}");
            }

            if (result.Batches.Length == 0)
            {
                return bytes;
            }

            bytes += result.Batches.Sum(piece => (long)piece.Length);
            from = result.NextOffset;
        }
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
