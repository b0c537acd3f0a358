using System.Collections.Concurrent;
using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Groups;

/// <summary>Asks topics and partitions on behalf of one request: each topic at most once, and a bounded number at a time.</summary>
internal sealed class LogOffsetLookup(TopicCache topics, OffsetLookup lookup, CancellationToken cancellation)
{
    private readonly ConcurrentDictionary<TopicName, TopicLookup> _topics = new();

    /// <summary>Asks topics whether they exist and how many partitions they have now; <see cref="Topic"/> has the answers.</summary>
    public Task DescribeAsync(IEnumerable<TopicName> names)
    {
        TopicName[] unknown = [.. names.Distinct().Where(topic => !_topics.ContainsKey(topic))];
        return EachAsync(unknown.Length, async index =>
            _topics[unknown[index]] = await topics.FindAsync(unknown[index], TopicCache.Fresh, Timeout.InfiniteTimeSpan, cancellation));
    }

    /// <summary>The topic, or why it is unknown.</summary>
    public (TopicRoutes? Topic, ApiProblem? Problem) Topic(TopicName name) =>
        _topics[name] is { Topic: { } topic } ? (topic, null)
        : _topics[name].Error == ErrorCode.UnknownTopicOrPartition ? (null, Unknown($"There is no topic {name}."))
        : (null, PartitionTarget.Problem(name, _topics[name]));

    /// <summary>
    /// The problem of a partition that does not exist, or of a topic that could not be asked; null if the partition exists.
    /// </summary>
    public ApiProblem? FindMissing(TopicPartition partition)
    {
        var (topic, problem) = Topic(partition.Topic);
        return topic is null || partition.Partition < topic.PartitionsCount ? problem : Unknown($"There is no partition {partition}.");
    }

    /// <summary>
    /// The problem of the first of these partitions that does not exist; null if all do. Groups accept offsets of any partition, and one that does not exist is
    /// nearly always a misspelt topic.
    /// </summary>
    public async Task<ApiProblem?> FindMissingAsync(IReadOnlyCollection<TopicPartition> partitions)
    {
        await DescribeAsync(partitions.Select(partition => partition.Topic));
        return partitions.Select(FindMissing).FirstOrDefault(problem => problem is not null);
    }

    /// <summary>The bounds of these partitions' logs, in the order of the partitions.</summary>
    public async Task<LogBounds[]> BoundsAsync(IReadOnlyList<TopicPartition> partitions)
    {
        var unknown = partitions.Where(partition => !_topics.ContainsKey(partition.Topic))
            .GroupBy(partition => partition.Topic, (topic, some) => (Topic: topic, Highest: some.Max(partition => partition.Partition)))
            .ToArray();
        await EachAsync(unknown.Length, async index =>
            _topics[unknown[index].Topic] =
                await PartitionTarget.FindAsync(topics, unknown[index].Topic, unknown[index].Highest, cancellation));
        var bounds = new LogBounds[partitions.Count];
        await EachAsync(partitions.Count, async index => bounds[index] = await BoundsAsync(partitions[index]));
        return bounds;
    }

    /// <summary>The first record of a partition at or after a moment.</summary>
    public ValueTask<OffsetAtTime> AtTimeAsync(TopicPartition partition, Timestamp time) =>
        lookup.AtTimeAsync(_topics[partition.Topic].Topic!, partition.Partition, time, cancellation);

    /// <summary>Asks something <paramref name="count"/> times.</summary>
    public Task EachAsync(int count, Func<int, Task> ask) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = OffsetLookup.AtOnce, CancellationToken = cancellation },
        async (index, _) => await ask(index));

    private async Task<LogBounds> BoundsAsync(TopicPartition partition)
    {
        if (FindMissing(partition) is { } missing)
        {
            return new LogBounds(partition, null, missing);
        }

        try
        {
            var offsets = await lookup.BoundsAsync(_topics[partition.Topic].Topic!, partition.Partition, cancellation);
            return offsets.Error == ErrorCode.None
                ? new LogBounds(partition, offsets, null)
                : new LogBounds(partition, null, new ApiProblem(offsets.Error));
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } failed)
        {
            return new LogBounds(partition, null, failed);
        }
    }

    private static ApiProblem Unknown(string detail) => new(ErrorCode.UnknownTopicOrPartition, detail);
}

/// <summary>The bounds of a partition's log, or why they are unknown.</summary>
internal sealed record LogBounds(TopicPartition Partition, PartitionOffsets? Offsets, ApiProblem? Problem);
