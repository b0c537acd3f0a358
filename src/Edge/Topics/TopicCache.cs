using System.Collections.Concurrent;
using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>
/// Remembers how to reach the partitions of topics. It only routes: the partitions decide about existence and settings, and an answer that
/// <see cref="TopicRoutes.IsOutdatedBy"/> shows to be newer makes the edge refresh the cache before it tells its client. The topic's grain
/// is asked when nothing is known, when what is known is older than the caller accepts, and on such a refresh. Concurrent callers share one
/// question. A topic that does not exist is not remembered, because its grain answers at once. Thread-safe.
/// </summary>
/// <param name="grains">Reaches the topics.</param>
/// <param name="time">The clock.</param>
/// <param name="background">Where topics are asked; the thread pool by default.</param>
/// <param name="capacity">Topics remembered; beyond it the ones asked longest ago are forgotten.</param>
public sealed class TopicCache(
    IGrainFactory grains, TimeProvider time, BackgroundWork? background = null, int capacity = Limits.CachedTopics)
{
    /// <summary>Accepts no remembered answer, however new.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromTicks(-1);

    private readonly ConcurrentDictionary<TopicName, Entry> _topics = new();
    private readonly BackgroundWork _background = background ?? new BackgroundWork();

    /// <summary>Topics remembered now.</summary>
    public int Count => _topics.Count;

    /// <summary>The topic, if it was asked no longer ago than <paramref name="maxAge"/>.</summary>
    public TopicRoutes? TryFind(TopicName name, TimeSpan maxAge) =>
        _topics.TryGetValue(name, out var entry) && entry.Routes is { } routes && time.GetElapsedTime(routes.AskedAt) <= maxAge
            ? routes : null;

    /// <summary>Finds a topic, asking its grain if need be.</summary>
    /// <param name="name">The topic's name.</param>
    /// <param name="maxAge">How old an answer may be; <see cref="Fresh"/> for a new one.</param>
    /// <param name="timeout">How long to wait for the grain; then the answer is <see cref="ErrorCode.RequestTimedOut"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<TopicLookup> FindAsync(TopicName name, TimeSpan maxAge, TimeSpan timeout, CancellationToken cancellation = default) =>
        TryFind(name, maxAge) is { } routes
            ? new(new TopicLookup(routes))
            : new(AskAsync(name, maxAge == Fresh ? static _ => true : static _ => false, timeout, cancellation));

    /// <summary>
    /// Finds a topic again for a caller that has seen that <paramref name="outdated"/> does not hold. What another caller has learned
    /// meanwhile is good enough if it is newer.
    /// </summary>
    /// <param name="outdated">What the caller acted on.</param>
    /// <param name="version">The version that a partition acts on; 0 if it only said that it does not exist.</param>
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

    /// <summary>Forgets a topic that was changed through this process, so that the next caller sees the change.</summary>
    public void Forget(TopicName name) => _topics.TryRemove(name, out _);

    // A question that was under way already may be answered by what held before the caller came: then the caller asks one of its own.
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

            var left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - time.GetElapsedTime(begun);
            try
            {
                await BackgroundWork.WaitAsync(question.Task, isRepeated && left < TimeSpan.Zero ? TimeSpan.Zero : left, time, cancellation);
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
    }

    private async Task AnswerAsync(Question question)
    {
        var (entry, answer) = question;
        var askedAt = time.GetTimestamp();
        TopicLookup lookup;
        try
        {
            var result = await grains.GetGrain<ITopicGrain>(entry.Name.Value).Describe();
            lookup = result.Error == ErrorCode.None
                ? new TopicLookup(new TopicRoutes(grains, result.Topic!, askedAt))
                : new TopicLookup(null, result.Error, result.Detail);
        }
        catch (Exception exception)
        {
            // Whatever it is: every caller that waits gets it with the answer.
            lookup = new TopicLookup(
                null, GrainCallErrors.Of(exception) ?? ErrorCode.LeaderNotAvailable, $"The topic '{entry.Name}' cannot be reached: {exception.Message}",
                exception);
        }

        entry.Answer(lookup.Topic);
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

    // A tenth at a time, so that a full cache is not sorted for each topic that it takes in.
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

        /// <summary>Ends the question; a topic that could not be reached stays as it was known.</summary>
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
