using System.Text;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Client.Tests.Producing;

/// <summary>A producer of texts over fake grains, in time that the test owns.</summary>
internal sealed class ProducerBench
{
    private readonly ManualTime _time;
    private readonly BackgroundWork _background = new(SynchronizationContext.Current);

    public ProducerBench(ManualTime time, int partitions = 1)
    {
        _time = time;
        Topic = Cluster.AddTopic("t", partitions);
        Directory = new TopicCache(Cluster.Factory, time, _background);
    }

    public FakeCluster Cluster { get; } = new();

    public FakeTopic Topic { get; }

    public TopicCache Directory { get; }

    /// <summary>The first partition.</summary>
    public FakePartition Partition => Cluster.Partition("t", 0);

    public IProducer<string, string> Producer(Action<ProducerOptions<string, string>>? configure = null)
    {
        var options = new ProducerOptions<string, string>();
        configure?.Invoke(options);
        return new Producer<string, string>(Directory, Cluster.Factory, options, _time, Metrics, null, _background, new Random(1));
    }

    /// <summary>What the producer measures; a test that listens sets its own.</summary>
    public ClientMetrics Metrics { get; init; } = ClientMetrics.OfProcess;

    public Task Delay(TimeSpan time) => Task.Delay(time, _time);

    public static Message<string, string> Value(string value, string? key = null) => new() { Key = key, Value = value };

    /// <summary>The values in a partition, in order.</summary>
    public Task<string[]> Log(int partition = 0) => Log(Cluster.Partition("t", partition));

    public static async Task<string[]> Log(IPartitionGrain partition)
    {
        var bytes = new MemoryStream();
        for (var from = Offset.Zero; ;)
        {
            var result = await partition.Fetch(new FetchRequest(from, 1024 * 1024, 0, TimeSpan.Zero), default);
            Assert.Equal(ErrorCode.None, result.Error);
            if (result.Batches.Length == 0)
            {
                return Values(bytes.ToArray());
            }

            foreach (var piece in result.Batches)
            {
                bytes.Write(piece.Span);
            }

            from = result.NextOffset;
        }
    }

    public static async Task<ProduceException> Fails(Task work) => await Assert.ThrowsAsync<ProduceException>(() => work);

    private static string[] Values(ReadOnlySpan<byte> log)
    {
        List<string> values = [];
        using var decompressor = new BatchDecompressor();
        while (!log.IsEmpty)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(log, out var batch));
            Assert.True(batch.CrcIsValid());
            Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
            var reader = new RecordReader(batch, records);
            while (reader.MoveNext())
            {
                var record = reader.Current;
                values.Add(record.ValueIsNull ? "null" : Encoding.UTF8.GetString(record.Value));
            }

            log = log[batch.SizeInBytes..];
        }

        return [.. values];
    }
}
