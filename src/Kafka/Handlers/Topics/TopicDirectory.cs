using Loire.Edge.Calls;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>Finds, lists and changes topics for handlers, with failed calls as errors.</summary>
/// <param name="topics">The cache of topics.</param>
/// <param name="names">The names by ids.</param>
/// <param name="options">Says which topics are created by themselves.</param>
internal sealed class TopicDirectory(TopicCache topics, TopicNames names, IOptions<KafkaEndpointOptions> options)
{
    /// <summary>Topics of one request that are asked at the same time.</summary>
    public const int AtOnce = 32;

    // Clients ask once in minutes, or because something has changed.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Finds a topic by its name, with an error otherwise, <see cref="ErrorCode.InvalidTopicException"/> for a name that is not legal.</summary>
    public ValueTask<TopicLookup> FindAsync(string? name, CancellationToken cancellation) =>
        TopicName.TryParse(name, out var legal, out string? problem)
            ? topics.FindAsync(legal, MaxAge, Patience, cancellation)
            : new(new TopicLookup(null, ErrorCode.InvalidTopicException, problem));

    /// <summary>Finds a topic by its id; <see cref="ErrorCode.UnknownTopicId"/> if there is none.</summary>
    public async ValueTask<TopicLookup> FindAsync(TopicId id, CancellationToken cancellation)
    {
        if (await names.FindAsync(id, cancellation) is not { } name)
        {
            return Unknown(id);
        }

        var lookup = await topics.FindAsync(name, MaxAge, Patience, cancellation);
        if (lookup.Topic is { } other && other.Id != id)
        {
            // What is cached may be of the creation before.
            lookup = await topics.FindAsync(name, TopicCache.Fresh, Patience, cancellation);
        }

        return lookup.Error == ErrorCode.UnknownTopicOrPartition || (lookup.Topic is { } topic && topic.Id != id) ? Unknown(id) : lookup;
    }

    /// <summary>
    /// Finds a topic by its name, and creates it if it does not exist and the node does so. Internal topics are created with their own settings, by who needs them.
    /// </summary>
    public async ValueTask<TopicLookup> FindOrCreateAsync(string? name, CancellationToken cancellation)
    {
        var lookup = await FindAsync(name, cancellation);
        if (lookup.Error != ErrorCode.UnknownTopicOrPartition || !options.Value.CreatesTopics || TopicName.Parse(name).IsInternal)
        {
            return lookup;
        }

        var created = await ChangeAsync(TopicName.Parse(name), grain => grain.Create(new CreateTopicRequest(options.Value.PartitionsCount, -1, [], false)));
        return created.Error is ErrorCode.None or ErrorCode.TopicAlreadyExists
            ? await FindAsync(name, cancellation)
            : new TopicLookup(null, created.Error, created.Detail);
    }

    /// <summary>The names of all topics, in ordinal order; or an error.</summary>
    public async ValueTask<(ErrorCode Error, IReadOnlyList<TopicName> Names)> ListAsync(CancellationToken cancellation)
    {
        List<TopicName> all = [];
        try
        {
            await foreach (var page in topics.PagesAsync("", cancellation))
            {
                if (page.Error != ErrorCode.None)
                {
                    return (page.Error, []);
                }

                all.AddRange(page.Names);
            }
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return (error, []);
        }

        return (ErrorCode.None, all);
    }

    /// <summary>
    /// Changes a topic. A call that was refused before it ran is <see cref="ErrorCode.NotController"/>, which makes clients ask again; the outcome of one that failed
    /// otherwise is unknown.
    /// </summary>
    public async Task<TopicResult> ChangeAsync(TopicName name, Func<ITopicGrain, ValueTask<TopicResult>> change)
    {
        try
        {
            return await topics.ChangeAsync(name, change);
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return new TopicResult(
                GrainCallErrors.IsUndelivered(failure) ? ErrorCode.NotController : error, null, $"The topic '{name}' cannot be reached: {failure.Message}");
        }
    }

    /// <summary>Describes the settings of a topic, with an error for a name that is not legal.</summary>
    public async ValueTask<TopicConfigsResult> DescribeConfigsAsync(string name)
    {
        if (!TopicName.TryParse(name, out var legal, out string? problem))
        {
            return new TopicConfigsResult(ErrorCode.InvalidTopicException, [], problem);
        }

        try
        {
            return await topics.AskAsync(legal, static grain => grain.DescribeConfigs(), static answer => answer.Error);
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return new TopicConfigsResult(error, [], $"The topic '{legal}' cannot be reached: {failure.Message}");
        }
    }

    /// <summary>The logs of the partitions of a topic as they were last reported; none if the topic cannot be reached.</summary>
    public async ValueTask<PartitionLogDescription[]> DescribeLogsAsync(TopicName name)
    {
        try
        {
            return (await topics.AskAsync(name, static grain => grain.DescribeLogs(), static answer => answer.Error)).Logs;
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is not null)
        {
            return [];
        }
    }

    /// <summary>Notes the id of a topic that was created.</summary>
    public void Learn(TopicDescription created) => names.Learn(created.Id, created.Name);

    /// <summary>Answers each item, some at the same time, in the order of the items.</summary>
    public static async Task<TAnswer[]> EachAsync<T, TAnswer>(IReadOnlyList<T> items, Func<T, ValueTask<TAnswer>> answer)
    {
        var answers = new TAnswer[items.Count];
        await Parallel.ForAsync(
            0, items.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => answers[i] = await answer(items[i]));
        return answers;
    }

    /// <summary>
    /// The error of a lookup as metadata tells it. Clients take errors that they do not expect there for final; <see cref="ErrorCode.LeaderNotAvailable"/> makes them ask
    /// again.
    /// </summary>
    public static ErrorCode ToClient(ErrorCode error) =>
        error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.InvalidTopicException ? error : ErrorCode.LeaderNotAvailable;

    private static TopicLookup Unknown(TopicId id) => new(null, ErrorCode.UnknownTopicId, $"No topic has the id {id}.");
}
