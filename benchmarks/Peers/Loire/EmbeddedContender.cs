using System.Diagnostics;
using System.Globalization;
using Loire.Client;
using Loire.Grains.Benchmarks;
using Loire.Model;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>Loire inside this process, with its .NET client: no other process, no network. The node runs only while it has a work to do.</summary>
internal sealed class EmbeddedContender(string directory, int windowBytes) : Contender
{
    private int _topics;
    private string _topic = "";
    private Node? _node;
    private IProducer<Null, byte[]>? _producer;
    private LoireClient? _client;

    public override string Name => "Loire embedded";

    public override string Guarantee =>
        "synced before it is acknowledged. A node in the application's own process, without a network between: one producer for all partitions (EnqueueAsync,"
        + " every sixteenth record by ProduceAsync for its latency), one consumer for each (ConsumeBatchesAsync). The processor time of both sides is one figure.";

    public override Process? Server => null;

    public override string Data { get; } = Directory.CreateDirectory(Path.Combine(directory, "embedded")).FullName;

    public override async Task BeginAsync(Work work)
    {
        _topic = string.Create(CultureInfo.InvariantCulture, $"embedded-{++_topics}");
        _node = await Node.StartAsync(Data);
        _client = new LoireClient(_node.Grains);
        await _client.Admin.CreateTopicAsync(new NewTopic(_topic, work.Streams));
        _producer = _client.CreateProducer<Null, byte[]>(new ProducerOptions<Null, byte[]> { BufferMemory = windowBytes });
    }

    public override async Task EndAsync(Work work)
    {
        await _client!.Admin.DeleteTopicAsync(_topic);
        await DisposeAsync();
    }

    public override Task<Producer> ConnectProducerAsync(Work work, int stream) =>
        Task.FromResult<Producer>(new EmbeddedProducer(_producer!, work, new TopicPartition(_topic, stream)));

    public override async Task ConsumeAsync(Work work, int stream, int records, Tally tally)
    {
        await using var consumer = _client!.CreateConsumer<Null, byte[]>();
        await consumer.AssignAsync([new TopicPartitionOffset(_topic, stream, 0)]);
        await foreach (var batch in consumer.ConsumeBatchesAsync())
        {
            foreach (var record in batch)
            {
                tally.Add(record.Value);
            }

            if (tally.Records >= records)
            {
                break;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_producer is { } producer)
        {
            _producer = null;
            await producer.DisposeAsync();
        }

        if (_node is { } node)
        {
            _node = null;
            await node.DisposeAsync();
        }
    }
}
