using System.Collections.Concurrent;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// What the client knows of topics. The grain of a topic is asked when nothing is known, when what is known is too old, and when a caller
/// has seen that it does not hold any more; callers that want the same share one question. A topic that does not exist is not remembered:
/// its grain says so each time, and at once. Thread-safe.
/// </summary>
internal sealed class TopicDirectory(IGrainFactory grains, TimeProvider time, BackgroundWork? background = null)
{
    private readonly ConcurrentDictionary<string, Entry> _topics = new(StringComparer.Ordinal);
    private readonly BackgroundWork _background = background ?? new BackgroundWork();

    /// <summary>The topic, if it was asked no longer ago than <paramref name="maxAge"/>.</summary>
    public KnownTopic? TryFind(string name, TimeSpan maxAge) =>
        _topics.TryGetValue(name, out var entry) && entry.Known is { } known && time.GetElapsedTime(known.AskedAt) <= maxAge ? known : null;

    /// <summary>Finds a topic, asking its grain if need be.</summary>
    /// <param name="name">The topic's name.</param>
    /// <param name="maxAge">How old an answer may be.</param>
    /// <param name="timeout">How long to wait for the grain.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="LoireException">It does not exist, its name is not legal, or its grain does not answer.</exception>
    public ValueTask<KnownTopic> FindAsync(
        string name, TimeSpan maxAge, TimeSpan timeout, CancellationToken cancellation = default) =>
        TryFind(name, maxAge) is { } known ? new(known) : new(AskAsync(name, timeout, cancellation));

    /// <summary>
    /// Finds a topic again for a caller who has seen that <paramref name="outdated"/> does not hold; what another caller has learned since
    /// is good enough.
    /// </summary>
    /// <inheritdoc cref="FindAsync"/>
    public ValueTask<KnownTopic> RefreshAsync(KnownTopic outdated, TimeSpan timeout, CancellationToken cancellation = default) =>
        _topics.TryGetValue(outdated.Name, out var entry) && entry.Known is { } known && known != outdated
            ? new(known)
            : new(AskAsync(outdated.Name, timeout, cancellation));

    private async Task<KnownTopic> AskAsync(string name, TimeSpan timeout, CancellationToken cancellation)
    {
        if (!TopicName.TryParse(name, out _, out var problem))
        {
            throw new LoireException(ErrorCode.InvalidTopicException, problem);
        }

        var entry = _topics.GetOrAdd(name, static key => new Entry(key));
        var question = entry.Ask(out var isNew);
        if (isNew)
        {
            _background.Start(AnswerAsync, new Question(entry, question));
        }

        try
        {
            await BackgroundWork.WaitAsync(question.Task, timeout, time, cancellation);
        }
        catch (TimeoutException late)
        {
            throw new LoireException(ErrorCode.RequestTimedOut, $"The topic '{name}' did not answer in time.", late);
        }

        var (known, failure) = await question.Task;
        return known ?? throw failure!.ToException();
    }

    private async Task AnswerAsync(Question question)
    {
        var (entry, answer) = question;
        var askedAt = time.GetTimestamp();
        KnownTopic? known = null;
        Failure? failure = null;
        try
        {
            var result = await grains.GetGrain<ITopicGrain>(entry.Name).Describe();
            if (result.Error == ErrorCode.None)
            {
                known = new KnownTopic(grains, result.Topic!, askedAt);
            }
            else
            {
                failure = new Failure(result.Error, result.Detail ?? Text(result.Error, entry.Name), null);
            }
        }
        catch (Exception exception)
        {
            failure = new Failure(
                exception is TimeoutException ? ErrorCode.RequestTimedOut : ErrorCode.LeaderNotAvailable,
                $"The topic '{entry.Name}' cannot be reached: {exception.Message}",
                exception);
        }

        entry.Answer(known);
        if (failure is { Code: ErrorCode.UnknownTopicOrPartition })
        {
            // Names that do not exist take no memory. Whoever asks meanwhile does it on an entry of its own.
            _topics.TryRemove(KeyValuePair.Create(entry.Name, entry));
        }

        answer.SetResult((known, failure));
    }

    private static string? Text(ErrorCode error, string name) =>
        error == ErrorCode.UnknownTopicOrPartition ? $"The topic '{name}' does not exist." : null;

    private sealed record Question(Entry Entry, TaskCompletionSource<(KnownTopic? Known, Failure? Failure)> Answer);

    // Not the exception itself, for each caller who waits throws one of its own.
    private sealed record Failure(ErrorCode Code, string? Text, Exception? Inner)
    {
        public LoireException ToException() => new(Code, Text, Inner);
    }

    private sealed class Entry(string name)
    {
        private readonly Lock _lock = new();
        private volatile KnownTopic? _known;
        private TaskCompletionSource<(KnownTopic? Known, Failure? Failure)>? _question;

        public string Name => name;

        public KnownTopic? Known => _known;

        public TaskCompletionSource<(KnownTopic? Known, Failure? Failure)> Ask(out bool isNew)
        {
            lock (_lock)
            {
                isNew = _question is null;
                return _question ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        /// <summary>The question has been answered; a topic that could not be reached stays as it was known.</summary>
        public void Answer(KnownTopic? known)
        {
            lock (_lock)
            {
                _known = known ?? _known;
                _question = null;
            }
        }
    }
}
