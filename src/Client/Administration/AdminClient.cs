using System.Runtime.CompilerServices;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>Asks the grains of topics, the catalog and partitions, each once: whether to ask again is the caller's decision.</summary>
internal sealed class AdminClient(IGrainFactory grains) : IAdminClient
{
    private const int NamesPerPage = 1_000;

    public async ValueTask<TopicInfo> CreateTopicAsync(NewTopic topic, bool validateOnly, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(topic);
        var request = new CreateTopicRequest(topic.PartitionsCount, topic.ReplicationFactor, [.. topic.Configs], validateOnly);
        return Info(await AskAsync(topic.Name, request, static (grain, request) => grain.Create(request), cancellation));
    }

    public async ValueTask<TopicInfo> DescribeTopicAsync(string topic, CancellationToken cancellation) =>
        Info(await AskAsync(topic, 0, static (grain, _) => grain.Describe(), cancellation));

    public async IAsyncEnumerable<string> ListTopicsAsync([EnumeratorCancellation] CancellationToken cancellation)
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
                yield return after = name.Value;
            }

            hasMore = page is { HasMore: true, Names.Length: > 0 };
        }
        while (hasMore);
    }

    public async ValueTask<TopicInfo> CreatePartitionsAsync(
        string topic, int partitionsCount, bool validateOnly, CancellationToken cancellation) =>
        Info(await AskAsync(
            topic, (partitionsCount, validateOnly), static (grain, wanted) => grain.AddPartitions(wanted.partitionsCount, wanted.validateOnly),
            cancellation));

    public async ValueTask<TopicInfo> AlterConfigsAsync(
        string topic, IReadOnlyDictionary<string, string?> changes, bool validateOnly, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var request = new AlterConfigsRequest([.. changes], validateOnly);
        return Info(await AskAsync(topic, request, static (grain, request) => grain.AlterConfigs(request), cancellation));
    }

    public async ValueTask DeleteTopicAsync(string topic, CancellationToken cancellation)
    {
        var grain = Find(topic);
        cancellation.ThrowIfCancellationRequested();
        var result = await GrainCallFailures.AnswerAsync(grain.Delete, Named(topic), cancellation);
        if (result.Error != ErrorCode.None)
        {
            GrainCallFailures.Topic(result, topic);
        }
    }

    public async ValueTask<IReadOnlyDictionary<TopicPartition, long>> ListOffsetsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var offsets = new Dictionary<TopicPartition, long>();
        foreach (var ofTopic in partitions.GroupBy(pair => pair.Key.Topic, StringComparer.Ordinal))
        {
            var topic = new TopicRoutes(grains, await AskAsync(ofTopic.Key, 0, static (grain, _) => grain.Describe(), cancellation), 0);

            // In parallel, but not ten thousand grains at once.
            foreach (var some in ofTopic.Chunk(100))
            {
                var found = await Task.WhenAll(
                    some.Select(async pair => (pair.Key, await PartitionPositions.FindAsync(topic, pair.Key, pair.Value, cancellation))));
                foreach (var (partition, offset) in found)
                {
                    offsets[partition] = offset;
                }
            }
        }

        return offsets;
    }

    private async ValueTask<TopicDescription> AskAsync<TState>(
        string name, TState state, Func<ITopicGrain, TState, ValueTask<TopicResult>> call, CancellationToken cancellation)
    {
        var grain = Find(name);
        cancellation.ThrowIfCancellationRequested();
        return GrainCallFailures.Topic(await GrainCallFailures.AnswerAsync(() => call(grain, state), Named(name), cancellation), name);
    }

    private ITopicGrain Find(string name) => TopicName.TryParse(name, out var topic, out var problem)
        ? grains.GetGrain<ITopicGrain>(topic.Value)
        : throw new LoireException(ErrorCode.InvalidTopicException, problem);

    private static string Named(string topic) => $"The topic '{topic}'";

    private static TopicInfo Info(TopicDescription topic) => new(
        topic.Name.Value,
        topic.Id.Value,
        topic.PartitionsCount,
        topic.ReplicationFactor,
        topic.Configs.ToDictionary(config => config.Name, config => new TopicSetting(config.Value, config.IsDefault), StringComparer.Ordinal));
}
