using Loire.Edge.Calls;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>Finds partitions that requests name by their topics' names, and asks them, with failed calls as errors.</summary>
/// <param name="topics">The cache of topics.</param>
internal sealed class PartitionLookup(TopicCache topics)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    /// <summary>The routes of a topic that has the partition; otherwise <see cref="ErrorCode.UnknownTopicOrPartition"/>, or why the topic cannot be reached.</summary>
    /// <param name="topic">The topic's name; any text.</param>
    /// <param name="partition">The partition's number; any number.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<TopicLookup> FindAsync(string? topic, int partition, CancellationToken cancellation)
    {
        if (partition < 0 || !TopicName.TryParse(topic, out var name, out string? _))
        {
            return new TopicLookup(null, ErrorCode.UnknownTopicOrPartition);
        }

        var lookup = await topics.FindAsync(name, MaxAge, FetchLimits.CallTimeout, cancellation);
        if (lookup.Topic is { } known && partition >= known.PartitionsCount)
        {
            lookup = await topics.FindAsync(name, TopicCache.Fresh, FetchLimits.CallTimeout, cancellation);
        }

        return lookup.Topic is { } found && partition >= found.PartitionsCount ? new TopicLookup(null, ErrorCode.UnknownTopicOrPartition) : lookup;
    }

    /// <summary>Asks a partition.</summary>
    /// <param name="topic">The topic's name; any text.</param>
    /// <param name="partition">The partition's number; any number.</param>
    /// <param name="call">Makes the call, which may be made again.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>An error, or the answer, which may have an error of its own.</returns>
    public async ValueTask<(ErrorCode Error, T? Answer)> AskAsync<T>(
        string topic, int partition, Func<IPartitionGrain, ValueTask<T>> call, CancellationToken cancellation)
        where T : class, IPartitionAnswer
    {
        var lookup = await FindAsync(topic, partition, cancellation);
        if (lookup.Topic is not { } routes)
        {
            return (Retriable(lookup.Error), null);
        }

        try
        {
            var (answer, _) = await topics.AskAsync(
                routes, partition, mayMove: true, call, static (grain, call) => call(grain), FetchLimits.CallTimeout, cancellation);
            return answer.Error == ErrorCode.None ? (ErrorCode.None, answer) : (Retriable(answer.Error), null);
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return (Retriable(error), null);
        }
    }

    /// <summary>Every client knows that it must ask again, after it has looked where the partition is, when it hears <see cref="ErrorCode.NotLeaderOrFollower"/>.</summary>
    private static ErrorCode Retriable(ErrorCode error) =>
        error is ErrorCode.RequestTimedOut or ErrorCode.LeaderNotAvailable ? ErrorCode.NotLeaderOrFollower
        : TopicRoutes.IsUnknown(error) ? ErrorCode.UnknownTopicOrPartition
        : error;
}
