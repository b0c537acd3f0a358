using System.Runtime.CompilerServices;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>Calls the grains of topics, the catalog and partitions, each once; retries are the caller's decision.</summary>
internal sealed class AdminClient(IGrainFactory grains) : IAdminClient
{
    private const int NamesPerPage = 1_000;

    private readonly RecordDecoder<byte[], byte[]> _decoder = new(new ConsumerOptions<byte[], byte[]>());

    public async ValueTask<TopicInfo> CreateTopicAsync(NewTopic topic, bool validateOnly, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(topic);
        var request = new CreateTopicRequest(topic.PartitionsCount, topic.ReplicationFactor, [.. topic.Configs], validateOnly);
        return Info(await AskAsync(topic.Name, request, static (grain, request) => grain.Create(request), cancellation));
    }

    public async ValueTask<TopicInfo> DescribeTopicAsync(TopicName topic, CancellationToken cancellation) =>
        Info(await AskAsync(topic, 0, static (grain, _) => grain.Describe(), cancellation));

    public async ValueTask<IReadOnlyList<PartitionLogInfo>> DescribeLogsAsync(TopicName topic, CancellationToken cancellation)
    {
        var grain = Find(topic);
        cancellation.ThrowIfCancellationRequested();
        var result = await GrainCallFailures.AnswerAsync(grain.DescribeLogs, Named(topic), cancellation);
        if (result.Error != ErrorCode.None)
        {
            GrainCallFailures.Topic(new TopicResult(result.Error, null, null), topic.Value);
        }

        return [.. result.Logs.Select(log => Info(topic, log))];
    }

    public async IAsyncEnumerable<TopicName> ListTopicsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var catalog = grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        var after = "";
        bool hasMore;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            var from = after;
            var page = await GrainCallFailures.AnswerAsync(() => catalog.List(from, NamesPerPage), "The catalog of topics", cancellation);
            if (page.Error != ErrorCode.None)
            {
                throw new LoireException(page.Error);
            }

            foreach (var name in page.Names)
            {
                after = name.Value;
                yield return name;
            }

            hasMore = page is { HasMore: true, Names.Length: > 0 };
        }
        while (hasMore);
    }

    public async ValueTask<TopicInfo> CreatePartitionsAsync(
        TopicName topic, int partitionsCount, bool validateOnly, CancellationToken cancellation) =>
        Info(await AskAsync(
            topic, (partitionsCount, validateOnly), static (grain, wanted) => grain.AddPartitions(wanted.partitionsCount, wanted.validateOnly),
            cancellation));

    public async ValueTask<TopicInfo> AlterConfigsAsync(
        TopicName topic, IReadOnlyDictionary<string, string?> changes, bool validateOnly, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var request = new AlterConfigsRequest([.. changes], validateOnly);
        return Info(await AskAsync(topic, request, static (grain, request) => grain.AlterConfigs(request), cancellation));
    }

    public async ValueTask DeleteTopicAsync(TopicName topic, CancellationToken cancellation)
    {
        var grain = Find(topic);
        cancellation.ThrowIfCancellationRequested();
        var result = await GrainCallFailures.AnswerAsync(grain.Delete, Named(topic), cancellation);
        if (result.Error != ErrorCode.None)
        {
            GrainCallFailures.Topic(result, topic.Value);
        }
    }

    public ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> ListOffsetsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, CancellationToken cancellation) =>
        OfEachAsync(
            partitions, static (topic, pair, cancellation) => PartitionPositions.FindAsync(topic, pair.Key, pair.Value, cancellation), cancellation);

    public async ValueTask<ConsumeResult<byte[], byte[]>?> FindLatestAsync(
        TopicName topic, ReadOnlyMemory<byte> key, int? partition, CancellationToken cancellation)
    {
        var routes = new TopicRoutes(grains, await AskAsync(topic, 0, static (grain, _) => grain.Describe(), cancellation), 0);
        return await LatestRecords.FindAsync(
            routes, key.ToArray(), partition, (asked, frame, records) => ValueTask.FromResult(_decoder.Decode(asked, frame, records)), cancellation);
    }

    public ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> DeleteRecordsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, bool validateOnly, CancellationToken cancellation) =>
        OfEachAsync(
            partitions,
            async (topic, pair, cancellation) => await PartitionPositions.DeleteBeforeAsync(
                topic, pair.Key, await PartitionPositions.FindAsync(topic, pair.Key, pair.Value, cancellation), validateOnly, cancellation),
            cancellation);

    private async ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> OfEachAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions,
        Func<TopicRoutes, KeyValuePair<TopicPartition, OffsetSpec>, CancellationToken, ValueTask<Offset>> find,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var offsets = new Dictionary<TopicPartition, Offset>();
        foreach (var ofTopic in partitions.GroupBy(pair => pair.Key.Topic))
        {
            var topic = new TopicRoutes(grains, await AskAsync(ofTopic.Key, 0, static (grain, _) => grain.Describe(), cancellation), 0);

            // In parallel, but not for ten thousand grains at once.
            foreach (var some in ofTopic.Chunk(100))
            {
                var found = await Task.WhenAll(some.Select(async pair => (pair.Key, await find(topic, pair, cancellation))));
                foreach (var (partition, offset) in found)
                {
                    offsets[partition] = offset;
                }
            }
        }

        return offsets;
    }

    private async ValueTask<TopicDescription> AskAsync<TState>(
        TopicName name, TState state, Func<ITopicGrain, TState, ValueTask<TopicResult>> call, CancellationToken cancellation)
    {
        var grain = Find(name);
        cancellation.ThrowIfCancellationRequested();
        return GrainCallFailures.Topic(await GrainCallFailures.AnswerAsync(() => call(grain, state), Named(name), cancellation), name.Value);
    }

    private ITopicGrain Find(TopicName name) => name != default
        ? grains.GetGrain<ITopicGrain>(name.Value)
        : throw new LoireException(ErrorCode.InvalidTopicException, "A topic name must not be empty.");

    private static string Named(TopicName topic) => $"The topic '{topic}'";

    private static PartitionLogInfo Info(TopicName topic, PartitionLogDescription log) => new(
        new TopicPartition(topic, log.Report.Partition), log.Report.Start, log.Report.End, log.Report.Bytes, OrNull(log.Report.OldestTime),
        log.Report.IsOpen, log.Report.At, OrNull(log.DueAt), log.DueReason);

    private static Timestamp? OrNull(Timestamp time) => time == Timestamp.None ? null : time;

    private static TopicInfo Info(TopicDescription topic) => new(
        topic.Name,
        topic.Id.Value,
        topic.PartitionsCount,
        topic.ReplicationFactor,
        topic.Configs.ToDictionary(
            config => config.Name, config => new TopicSetting(config.Value, config.IsDefault, config.IsEffective), StringComparer.Ordinal));
}
