using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.TestKit.Fakes;

/// <summary>A topic that only describes itself.</summary>
public sealed class FakeTopic(string name) : ITopicGrain
{
    private TopicDescription? _description;

    /// <summary>Another one makes it another creation of the name, with partitions of its own.</summary>
    public TopicId Id { get; set; } = new(Guid.Parse("11111111-2222-3333-4444-555555555555"));

    /// <summary>How often it was described.</summary>
    public int Descriptions { get; private set; }

    /// <summary>Awaited by each description before it reads the topic.</summary>
    public Func<Task>? BeforeDescribe { get; set; }

    /// <summary>Awaited by each description after it has read the topic.</summary>
    public Func<Task>? AfterDescribe { get; set; }

    /// <summary>How often partitions were to be added.</summary>
    public int Changes { get; private set; }

    /// <summary>Awaited by each addition of partitions.</summary>
    public Func<Task>? BeforeChange { get; set; }

    public bool Exists => _description is not null;

    public string Name => name;

    /// <summary>What every call answers instead, if it is set.</summary>
    public ErrorCode? Error { get; set; }

    /// <summary>What every call throws, if it is set.</summary>
    public Exception? Exception { get; set; }

    /// <summary>Does not exist any more.</summary>
    public void Remove() => _description = null;

    public void Define(int partitions, int maxMessageBytes, long version = 0) => _description = new TopicDescription(
        TopicName.Parse(name),
        Id,
        partitions,
        1,
        [new TopicConfig("max.message.bytes", maxMessageBytes.ToString(System.Globalization.CultureInfo.InvariantCulture), false)],
        version);

    /// <summary>The topic is gone.</summary>
    public void Forget() => _description = null;

    /// <summary>The topic was deleted and created again.</summary>
    public void Recreate(int partitions)
    {
        Id = new TopicId(Guid.Parse("99999999-2222-3333-4444-555555555555"));
        Define(partitions, Limits.DefaultMaxMessageBytes);
    }

    public ValueTask<TopicResult> Create(CreateTopicRequest request) => Answer();

    public ValueTask<TopicResult> Rebalance(bool validateOnly) => Answer();

    public ValueTask<TopicResult> Watch(TopicId id, long version, TimeSpan wait, CancellationToken cancellation) => Describe();

    public async ValueTask<TopicResult> Describe()
    {
        Descriptions++;
        if (BeforeDescribe is { } before)
        {
            await before();
        }

        var answer = await Answer();
        if (AfterDescribe is { } after)
        {
            await after();
        }

        return answer;
    }

    public async ValueTask<TopicConfigsResult> DescribeConfigs()
    {
        var answer = await Answer();
        return new TopicConfigsResult(
            answer.Error,
            Array.ConvertAll(
                answer.Topic?.Configs ?? [],
                config => new TopicConfigDescription(config.Name, ConfigValueType.Int, config.Value, "", config.IsDefault, "Described.", null)),
            null);
    }

    public async ValueTask<TopicResult> AddPartitions(int partitionsCount, bool validateOnly)
    {
        Changes++;
        if (BeforeChange is { } before)
        {
            await before();
        }

        return await Answer();
    }

    public ValueTask<TopicResult> AlterConfigs(AlterConfigsRequest request) => Answer();

    public ValueTask<TopicResult> Delete() => Answer();

    public ValueTask<TopicResult> DeleteCreation(TopicId id) => Answer();

    public ValueTask<TopicResult> Settle() => Answer();

    public ValueTask<ErrorCode> Report(TopicId id, PartitionReport[] reports) => throw new NotSupportedException();

    public async ValueTask<TopicLogsResult> DescribeLogs()
    {
        var answer = LogsException is null ? await Answer() : throw LogsException;
        return new TopicLogsResult(answer.Error, answer.Error == ErrorCode.None ? [.. Logs] : []);
    }

    /// <summary>What a description of the logs throws, if it is set.</summary>
    public Exception? LogsException { get; set; }

    /// <summary>What the partitions have reported of their logs.</summary>
    public List<PartitionLogDescription> Logs { get; } = [];

    public ValueTask<TopicRetainResult> Retain(int max) => throw new NotSupportedException();

    public ValueTask<PartitionSettingsResult> Settings(TopicId id, int partition) => throw new NotSupportedException();

    private ValueTask<TopicResult> Answer() =>
        Exception is not null ? throw Exception
        : Error is { } error ? ValueTask.FromResult(new TopicResult(error, null, null))
        : ValueTask.FromResult(_description is null ? new TopicResult(ErrorCode.UnknownTopicOrPartition, null, null) : new TopicResult(ErrorCode.None, _description, null));
}

/// <summary>Lists what was added.</summary>
internal sealed class FakeCatalog(FakeCluster cluster) : ICatalogGrain
{
    public ValueTask<TopicList> List(string after, int max)
    {
        var names = cluster.Topics.Select(topic => topic.Name).Where(name => string.CompareOrdinal(name, after) > 0).Order(StringComparer.Ordinal).ToArray();
        return ValueTask.FromResult(new TopicList(ErrorCode.None, [.. names.Take(max).Select(TopicName.Parse)], names.Length > max));
    }

    public ValueTask<CatalogResult> Announce(TopicName name, bool validateOnly) => throw new NotSupportedException();

    public ValueTask<CatalogResult> Record(TopicName name, bool exists) => throw new NotSupportedException();

    public ValueTask Settle() => throw new NotSupportedException();

    public ValueTask Sweep() => throw new NotSupportedException();

    public ValueTask Retain() => throw new NotSupportedException();

    public ValueTask RetainWithin(TopicName topic, TimeSpan wait) => throw new NotSupportedException();
}
