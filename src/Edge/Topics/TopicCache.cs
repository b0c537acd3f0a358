using System.Collections.Concurrent;
using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>
/// Caches how to reach the partitions of topics. It only routes: the partitions decide about existence and settings, and an answer that is
/// newer according to <see cref="TopicRoutes.IsOutdatedBy"/> makes the edge refresh the cache before it answers its client. The cache
/// queries the topic's grain on a miss, when the entry is older than the caller accepts, and on such a refresh. Concurrent callers share
/// one query. Nonexistent topics are not cached, because their grain answers immediately. Thread-safe.
/// </summary>
/// <param name="grains">Provides references to grains.</param>
/// <param name="time">The clock.</param>
/// <param name="background">Runs the queries; the thread pool by default.</param>
/// <param name="capacity">The maximum number of cached topics; beyond it, those queried longest ago are evicted.</param>
/// <param name="retries">Repeats the queries, and the reads of partitions that are made with this cache; null for one attempt each.</param>
/// <param name="transfers">Bounds what the calls of partitions that are made with this cache have under way; null for no bound.</param>
public sealed class TopicCache(
    IGrainFactory grains, TimeProvider time, BackgroundWork? background = null, int capacity = Limits.CachedTopics, CallRetries? retries = null,
    TransferWindows? transfers = null)
{
    /// <summary>Accepts no cached answer, however recent.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromTicks(-1);

    private readonly ConcurrentDictionary<TopicName, Entry> _topics = new();
    private readonly BackgroundWork _background = background ?? new BackgroundWork();

    /// <summary>Provides references to grains.</summary>
    internal IGrainFactory Grains => grains;

    /// <summary>Runs work that belongs to no caller.</summary>
    internal BackgroundWork Background => _background;

    /// <summary>Repeats calls without side effects; null for one attempt each.</summary>
    public CallRetries? Retries => retries;

    /// <summary>Bounds the bytes of batches under way to and from each broker; null for no bound.</summary>
    public TransferWindows? Transfers => transfers;

    /// <summary>Raised for every topic that was looked up, by the thread that received the answer.</summary>
    public event Action<TopicRoutes>? Found;

    /// <summary>The number of cached topics.</summary>
    public int Count => _topics.Count;

    /// <summary>The topic, if it is cached and not older than <paramref name="maxAge"/>.</summary>
    public TopicRoutes? TryFind(TopicName name, TimeSpan maxAge) =>
        _topics.TryGetValue(name, out var entry) && entry.Routes is { } routes && time.GetElapsedTime(routes.AskedAt) <= maxAge
            ? routes : null;

    /// <summary>Finds a topic, querying its grain if necessary.</summary>
    /// <param name="name">The topic's name.</param>
    /// <param name="maxAge">The maximum age of the answer; <see cref="Fresh"/> to bypass the cache.</param>
    /// <param name="timeout">How long to wait for the grain; then the answer is <see cref="ErrorCode.RequestTimedOut"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<TopicLookup> FindAsync(TopicName name, TimeSpan maxAge, TimeSpan timeout, CancellationToken cancellation = default) =>
        TryFind(name, maxAge) is { } routes
            ? new(new TopicLookup(routes))
            : new(AskAsync(name, maxAge == Fresh ? static _ => true : static _ => false, timeout, cancellation));

    /// <summary>
    /// Looks a topic up again for a caller that found <paramref name="outdated"/> to be outdated. A newer answer that another caller
    /// received meanwhile is used if there is one.
    /// </summary>
    /// <param name="outdated">The routes that the caller used.</param>
    /// <param name="version">The version that a partition acts on; 0 if it only reported that it does not exist.</param>
    /// <param name="timeout">How long to wait for the grain; then the answer is <see cref="ErrorCode.RequestTimedOut"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<TopicLookup> RefreshAsync(
        TopicRoutes outdated, long version, TimeSpan timeout, CancellationToken cancellation = default)
    {
        return _topics.TryGetValue(outdated.Name, out var entry) && entry.Routes is { } routes && !IsStale(routes)
            ? new(new TopicLookup(routes))
            : new(AskAsync(outdated.Name, IsStale, timeout, cancellation));

        bool IsStale(TopicRoutes routes) => routes.Id == outdated.Id && (routes.Version <= outdated.Version || routes.Version < version);
    }

    /// <summary>Evicts a topic that was changed through this process, so that the next caller sees the change.</summary>
    public void Forget(TopicName name) => _topics.TryRemove(name, out _);

    // A query that was already in flight may return a state from before the call; then the caller makes its own query.
    private async Task<TopicLookup> AskAsync(
        TopicName name, Func<TopicRoutes, bool> isStale, TimeSpan timeout, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        for (var isRepeated = false; ; isRepeated = true)
        {
            var entry = _topics.GetOrAdd(name, static key => new Entry(key));
            var question = entry.Ask(out var isNew);
            if (isNew)
            {
                _background.Start(AnswerAsync, new Question(entry, question));
            }

            try
            {
                await BackgroundWork.WaitAsync(question.Task, Left(), time, cancellation);
            }
            catch (TimeoutException late)
            {
                return new TopicLookup(null, ErrorCode.RequestTimedOut, $"The topic '{name}' did not answer in time.", late);
            }

            var lookup = await question.Task;
            if (isNew || isRepeated || lookup.Topic is null || !isStale(lookup.Topic))
            {
                return lookup;
            }
        }

        TimeSpan Left()
        {
            var left = timeout - time.GetElapsedTime(begun);
            return timeout == Timeout.InfiniteTimeSpan ? timeout : left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    private async Task AnswerAsync(Question question)
    {
        var (entry, answer) = question;
        var askedAt = time.GetTimestamp();
        TopicLookup lookup;
        try
        {
            var grain = grains.GetGrain<ITopicGrain>(entry.Name.Value);
            var result = retries is null
                ? await grain.Describe()
                : await retries.CallAsync(
                    grain, static grain => grain.Describe(), static answer => answer.Error, TimeSpan.Zero, CancellationToken.None);
            lookup = result.Error == ErrorCode.None
                ? new TopicLookup(new TopicRoutes(grains, result.Topic!, askedAt))
                : new TopicLookup(null, result.Error, result.Detail);
        }
        catch (Exception exception)
        {
            // Catches any exception: every waiting caller receives it with the answer.
            lookup = new TopicLookup(
                null, GrainCallErrors.Of(exception) ?? ErrorCode.LeaderNotAvailable, $"The topic '{entry.Name}' cannot be reached: {exception.Message}",
                exception);
        }

        entry.Answer(lookup.Topic);
        if (lookup.Topic is { } found)
        {
            Found?.Invoke(found);
        }

        if (lookup.Error == ErrorCode.UnknownTopicOrPartition)
        {
            _topics.TryRemove(KeyValuePair.Create(entry.Name, entry));
        }
        else if (lookup.Topic is not null && _topics.Count > capacity)
        {
            Trim();
        }

        answer.SetResult(lookup);
    }

    // Evicts a tenth at a time, so that a full cache is not sorted for each added topic.
    private void Trim()
    {
        var oldest = _topics.Where(pair => pair.Value.Routes is not null).OrderBy(pair => pair.Value.Routes!.AskedAt)
            .Take(_topics.Count - capacity + (capacity / 10));
        foreach (var pair in oldest.ToArray())
        {
            _topics.TryRemove(pair);
        }
    }

    private sealed record Question(Entry Entry, TaskCompletionSource<TopicLookup> Answer);

    private sealed class Entry(TopicName name)
    {
        private readonly Lock _lock = new();
        private volatile TopicRoutes? _routes;
        private TaskCompletionSource<TopicLookup>? _question;

        public TopicName Name => name;

        public TopicRoutes? Routes => _routes;

        public TaskCompletionSource<TopicLookup> Ask(out bool isNew)
        {
            lock (_lock)
            {
                isNew = _question is null;
                return _question ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        /// <summary>Completes the query; the entry of a topic that could not be reached is kept.</summary>
        public void Answer(TopicRoutes? routes)
        {
            lock (_lock)
            {
                _routes = routes ?? _routes;
                _question = null;
            }
        }
    }
}
