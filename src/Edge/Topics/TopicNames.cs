using System.Collections.Concurrent;
using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>
/// The names of topics by their ids, for requests that carry an id alone (KIP-516). Learns from every lookup of the <see cref="TopicCache"/>. An id that it does
/// not know is looked for in all topics of the cluster, by one search for all callers and at most once in <see cref="SearchInterval"/>: an id that nobody has costs no
/// more. A creation that was deleted keeps its name here, so a caller compares the id with the one that the name has now. Thread-safe.
/// </summary>
public sealed class TopicNames
{
    /// <summary>How long after a search the next one begins at the earliest.</summary>
    public static readonly TimeSpan SearchInterval = TimeSpan.FromSeconds(5);

    private const int LookupsAtOnce = 64;

    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    private readonly TopicCache _topics;
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly ConcurrentDictionary<TopicId, TopicName> _names = new();
    private readonly ConcurrentQueue<TopicId> _order = new();
    private readonly Lock _lock = new();
    private Task _search = Task.CompletedTask;
    private long? _searchedAt;

    /// <param name="topics">The cache to learn from and to search with.</param>
    /// <param name="time">The clock.</param>
    /// <param name="capacity">The maximum number of names; beyond it, those learnt first are forgotten.</param>
    public TopicNames(TopicCache topics, TimeProvider time, int capacity = Limits.TopicNamesById)
    {
        (_topics, _time, _capacity) = (topics, time, capacity);
        topics.Found += found => Learn(found.Id, found.Name);
    }

    /// <summary>The name of a topic, if it is known without a search.</summary>
    public TopicName? TryFind(TopicId id) => _names.TryGetValue(id, out var name) ? name : default(TopicName?);

    /// <summary>The name of a topic; null if no topic of the cluster has this id, as far as could be found out.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<TopicName?> FindAsync(TopicId id, CancellationToken cancellation = default) =>
        TryFind(id) is { } name ? new(name) : id.Value == Guid.Empty ? new((TopicName?)null) : new(SearchAsync(id, cancellation));

    /// <summary>Notes the name of a topic that was created.</summary>
    public void Learn(TopicId id, TopicName name)
    {
        if (!_names.TryAdd(id, name))
        {
            return;
        }

        _order.Enqueue(id);
        while (_names.Count > _capacity && _order.TryDequeue(out var oldest))
        {
            _names.TryRemove(oldest, out _);
        }
    }

    private async Task<TopicName?> SearchAsync(TopicId id, CancellationToken cancellation)
    {
        Task search;
        lock (_lock)
        {
            if (_search.IsCompleted && (_searchedAt is not { } at || _time.GetElapsedTime(at) >= SearchInterval))
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                (_search, _searchedAt) = (done.Task, _time.GetTimestamp());
                _topics.Background.Start(SearchAllAsync, done);
            }

            search = _search;
        }

        await BackgroundWork.WaitAsync(search, Timeout.InfiniteTimeSpan, _time, cancellation);
        return TryFind(id);
    }

    private async Task SearchAllAsync(TaskCompletionSource done)
    {
        try
        {
            await foreach (var page in _topics.PagesAsync())
            {
                foreach (var some in page.Names.Chunk(LookupsAtOnce))
                {
                    await Task.WhenAll(some.Select(async name =>
                    {
                        // What is cached may be of the creation before.
                        if ((await _topics.FindAsync(name, TopicCache.Fresh, LookupTimeout)).Topic is { } found)
                        {
                            Learn(found.Id, found.Name);
                        }
                    }));
                }
            }
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is not null)
        {
            // What cannot be reached is not found: the caller's client asks again.
        }
        finally
        {
            done.SetResult();
        }
    }
}
