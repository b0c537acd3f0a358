using System.Text;
using Loire.Edge.Calls;
using Loire.Edge.Producing;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Edge.Tests.Producing;

/// <summary>An accumulator for each partition of a topic, before fake grains, in time that the test owns.</summary>
internal sealed class AccumulatorBench : IAccumulatorOwner
{
    private readonly Dictionary<int, PartitionAccumulator> _accumulators = [];

    private AccumulatorBench(BatchDelivery delivery, FakeCluster cluster, FakeTopic topic, TopicRoutes routes) =>
        (Delivery, Cluster, Topic, Routes) = (delivery, cluster, topic, routes);

    public BatchDelivery Delivery { get; }

    public FakeCluster Cluster { get; }

    public FakeTopic Topic { get; }

    /// <summary>The first partition.</summary>
    public FakePartition Partition => Cluster.Partition("t", 0);

    public TopicRoutes Routes { get; private set; }

    public Acks Acks { get; init; } = Acks.All;

    /// <summary>Whether records may follow the topic to another creation.</summary>
    public bool Follows { get; set; } = true;

    /// <summary>Partitions whose batches were closed, in order.</summary>
    public List<int> Closed { get; } = [];

    public bool IsGone { get; private set; }

    public static async Task<AccumulatorBench> StartAsync(
        ManualTime time, ProducePolicy policy, int partitions = 1, Acks acks = Acks.All, TransferWindows? transfers = null)
    {
        var background = new BackgroundWork(SynchronizationContext.Current);
        var cluster = new FakeCluster();
        var topic = cluster.AddTopic("t", partitions);
        var topics = new TopicCache(cluster.Factory, time, background, transfers: transfers);
        var routes = (await topics.FindAsync(TopicName.Parse("t"), TopicCache.Fresh, Timeout.InfiniteTimeSpan)).Topic!;
        var delivery = new BatchDelivery(topics, policy, time, new Random(1), NullLogger.Instance, background);
        return new AccumulatorBench(delivery, cluster, topic, routes) { Acks = acks };
    }

    public PartitionAccumulator Accumulator(int partition = 0) =>
        _accumulators.TryGetValue(partition, out var accumulator) ? accumulator
        : _accumulators[partition] = new PartitionAccumulator(Delivery, this, partition);

    public RecordPlace Add(string value, int partition = 0)
    {
        var record = new ProducerRecord(new Timestamp(1), default, true, Encoding.UTF8.GetBytes(value), false, []);
        Assert.True(Accumulator(partition).TryAdd(record, isAwaited: true, out var place));
        return place;
    }

    public RecordPlace[] Add(params string[] values) => [.. values.Select(value => Add(value))];

    /// <summary>Sends what was added and waits until the records have ended.</summary>
    public async Task EndAsync(params RecordPlace[] places)
    {
        foreach (var accumulator in _accumulators.Values)
        {
            accumulator.Hurry();
        }

        foreach (var place in places)
        {
            await ((Batch)place.Batch).Ended;
        }
    }

    /// <summary>The values in a partition, in order, with a bar between batches.</summary>
    public static async Task<string> LogAsync(IPartitionGrain partition)
    {
        var result = await partition.Fetch(new FetchRequest(Offset.Zero, 1024 * 1024, 0, TimeSpan.Zero), default);
        return Read(TestBatches.Join(result.Batches));
    }

    public Task<string> LogAsync() => LogAsync(Partition);

    /// <summary>The stamps of a partition's batches, in order: producer id, epoch, sequence.</summary>
    public static async Task<string> StampsAsync(IPartitionGrain partition)
    {
        var result = await partition.Fetch(new FetchRequest(Offset.Zero, 1024 * 1024, 0, TimeSpan.Zero), default);
        var log = TestBatches.Join(result.Batches).AsSpan();
        List<string> stamps = [];
        for (; RecordBatch.TryRead(log, out var batch) == ErrorCode.None; log = log[batch.SizeInBytes..])
        {
            stamps.Add($"{batch.ProducerId}:{batch.ProducerEpoch}:{batch.BaseSequence}");
        }

        return string.Join(" | ", stamps);
    }

    public Task<string> StampsAsync() => StampsAsync(Partition);

    bool IAccumulatorOwner.TryFollow(TopicRoutes routes)
    {
        if (Follows)
        {
            Routes = routes;
        }

        return Follows;
    }

    void IAccumulatorOwner.OnTopicGone() => IsGone = true;

    PendingBatch IAccumulatorOwner.OpenBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder) =>
        new Batch(accumulator, builder);

    void IAccumulatorOwner.OnBatchClosed(int partition) => Closed.Add(partition);

    private static string Read(ReadOnlySpan<byte> log)
    {
        List<string> batches = [];
        using var decompressor = new BatchDecompressor();
        for (; RecordBatch.TryRead(log, out var batch) == ErrorCode.None; log = log[batch.SizeInBytes..])
        {
            Assert.True(batch.CrcIsValid());
            Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
            List<string> values = [];
            for (var reader = new RecordReader(batch, records); reader.MoveNext();)
            {
                values.Add(Encoding.UTF8.GetString(reader.Current.Value));
            }

            batches.Add(string.Join(' ', values));
        }

        return string.Join(" | ", batches);
    }

    /// <summary>A batch that tells when it has ended.</summary>
    public sealed class Batch : PendingBatch
    {
        private readonly ReadOnlyMemory<byte> _encoded;
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Batch(PartitionAccumulator accumulator, RecordBatchBuilder builder)
            : base(accumulator, builder)
        {
        }

        public Batch(PartitionAccumulator accumulator, ReadOnlyMemory<byte> encoded, int recordsCount)
            : base(accumulator, recordsCount, encoded.Length) => _encoded = encoded;

        public Task Ended => _ended.Task;

        protected override ReadOnlyMemory<byte> Encoded => _encoded;

        protected override void OnEnded() => _ended.SetResult();
    }
}
