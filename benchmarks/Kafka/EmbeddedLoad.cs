using Loire.Client;
using Loire.Grains.Benchmarks;
using Loire.Model;

namespace Loire.Kafka.Benchmarks;

/// <summary>The embedded .NET client with a node in this process, which runs only during its turns.</summary>
internal sealed class EmbeddedLoad : IAsyncDisposable
{
    private const int WindowBytes = 8 * 1024 * 1024;

    private readonly Node _node;
    private readonly LoireClient _client;
    private readonly string _topic;
    private readonly int _partitions;

    private EmbeddedLoad(Node node, string topic, int partitions)
    {
        (_node, _topic, _partitions) = (node, topic, partitions);
        _client = new LoireClient(node.Grains);
    }

    public static async Task<EmbeddedLoad> StartAsync(string directory, string topic, int partitions)
    {
        var node = await Node.StartAsync(Directory.CreateDirectory(directory).FullName, cacheBytes: 1024L * 1024 * 1024);
        await node.CreateTopicAsync(topic, partitions);
        return new EmbeddedLoad(node, topic, partitions);
    }

    public async Task ProduceAsync(int recordBytes, int records)
    {
        await using var producer = _client.CreateProducer<Null, byte[]>(new ProducerOptions<Null, byte[]> { BufferMemory = WindowBytes });
        var message = new Message<Null, byte[]> { Value = new byte[recordBytes] };
        for (var i = 0; i < records; i++)
        {
            await producer.EnqueueAsync(new TopicPartition(_topic, i / 64 % _partitions), message);
        }

        await producer.FlushAsync();
    }

    public async Task ConsumeAsync(long records)
    {
        await using var consumer = _client.CreateConsumer<Null, byte[]>();
        await consumer.AssignAsync([new TopicPartitionOffset(_topic, 0, 0)]);
        long count = 0;
        await foreach (var batch in consumer.ConsumeBatchesAsync())
        {
            if ((count += batch.Count) >= records)
            {
                break;
            }
        }
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}
