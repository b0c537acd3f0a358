using System.Collections.Concurrent;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Topics;

namespace Loire.WebApi.Groups;

/// <summary>
/// Asks topics and partitions on behalf of one request: each topic once, and a bounded number at a time, because a group may have offsets
/// in thousands of partitions.
/// </summary>
internal sealed class LogOffsetLookup(IGrainFactory grains, CancellationToken cancellation)
{
    public const int AtOnce = 32;

    private readonly ConcurrentDictionary<TopicName, TopicResult> _topics = new();

    /// <summary>Asks what these topics are; <see cref="Topic"/> has the answers.</summary>
    public Task DescribeAsync(IEnumerable<TopicName> topics)
    {
        TopicName[] unknown = [.. topics.Distinct().Where(topic => !_topics.ContainsKey(topic))];
        return EachAsync(unknown.Length, async index =>
        {
            try
            {
                _topics[unknown[index]] = await grains.GetGrain<ITopicGrain>(unknown[index].Value).Describe();
            }
            catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } problem)
            {
                _topics[unknown[index]] = new TopicResult(problem.Error, null, problem.Detail);
            }
        });
    }

    /// <summary>The topic, or why it is unknown.</summary>
    public (TopicDescription? Topic, ApiProblem? Problem) Topic(TopicName name) =>
        _topics[name] is { Error: ErrorCode.None, Topic: { } topic } ? (topic, null)
        : _topics[name].Error == ErrorCode.UnknownTopicOrPartition ? (null, Unknown($"There is no topic {name}."))
        : (null, new ApiProblem(_topics[name].Error, _topics[name].Detail));

    /// <summary>Says that a partition of a topic that was asked does not exist, or that this is unknown; null if it exists.</summary>
    public ApiProblem? FindMissing(TopicPartition partition)
    {
        var (topic, problem) = Topic(partition.Topic);
        return topic is null || partition.Partition < topic.PartitionsCount ? problem : Unknown($"There is no partition {partition}.");
    }

    /// <summary>The bounds of these partitions' logs, in the order of the partitions.</summary>
    public async Task<LogBounds[]> BoundsAsync(IReadOnlyList<TopicPartition> partitions)
    {
        await DescribeAsync(partitions.Select(partition => partition.Topic));
        var bounds = new LogBounds[partitions.Count];
        await EachAsync(partitions.Count, async index => bounds[index] = await BoundsAsync(partitions[index]));
        return bounds;
    }

    /// <summary>Asks something <paramref name="count"/> times.</summary>
    public Task EachAsync(int count, Func<int, Task> ask) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
        async (index, _) => await ask(index));

    private async Task<LogBounds> BoundsAsync(TopicPartition partition)
    {
        if (FindMissing(partition) is { } missing)
        {
            return new LogBounds(partition, null, null, missing);
        }

        var grain = PartitionTarget.GrainOf(grains, _topics[partition.Topic].Topic!, partition.Partition);
        try
        {
            var offsets = await grain.Offsets();
            return offsets.Error == ErrorCode.None
                ? new LogBounds(partition, offsets, grain, null)
                : new LogBounds(partition, null, null, new ApiProblem(offsets.Error));
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } failed)
        {
            return new LogBounds(partition, null, null, failed);
        }
    }

    private static ApiProblem Unknown(string detail) => new(ErrorCode.UnknownTopicOrPartition, detail);
}

/// <summary>The bounds of a partition's log, or why they are unknown.</summary>
internal sealed record LogBounds(TopicPartition Partition, PartitionOffsets? Offsets, IPartitionGrain? Grain, ApiProblem? Problem);
