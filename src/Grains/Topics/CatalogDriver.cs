using Loire.Coordination;
using Loire.Coordination.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Topics;

/// <summary>
/// The names of all topics. Runs without a silo. Not thread-safe: calls and continuations run on one scheduler. Every creation in the
/// cluster changes it twice, so concurrent changes share the writes of the journal (<see cref="JournaledState{TState,TRecord}"/>).
/// </summary>
public sealed class CatalogDriver : IMoving, IAsyncDisposable
{
    // Each topic that is asked reads its journal, and each partition that is opened takes memory until it is idle for long enough.
    private const int TopicsAtOnce = 2_000;
    private const int PartitionsAtOnce = 5_000;
    private const int PartitionsOfTopicAtOnce = 500;
    private const int RetainingAtOnce = 8;

    private readonly JournaledState<CatalogState, CatalogRecord> _catalog;
    private readonly ICatalogPeers _peers;
    private readonly int _parallelism;
    private readonly TimeSpan _maxAge;
    private readonly StoredTopics? _stored;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly RetentionSchedule _retention = new();
    private readonly CancellationTokenSource _retired = new();
    private Task _retaining = Task.CompletedTask;

    /// <summary>Creates the driver of a catalog that is not open yet.</summary>
    /// <param name="journal">Creates the catalog's journal.</param>
    /// <param name="peers">Calls the topics.</param>
    /// <param name="parallelism">How many topics are called at once.</param>
    /// <param name="maxAge">How old the state may be from which lists are returned.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Logs failures of the journal.</param>
    /// <param name="stored">The topics of the store, from which the catalog is rebuilt; null if it cannot be listed.</param>
    /// <param name="rebuilt">Invoked with the journal's name when it has been rebuilt.</param>
    internal CatalogDriver(
        JournalSource journal, ICatalogPeers peers, int parallelism, TimeSpan maxAge, TimeProvider time, ILogger logger,
        StoredTopics? stored = null, Action<string>? rebuilt = null)
    {
        (_peers, _parallelism, _maxAge, _stored) = (peers, parallelism, maxAge, stored);
        (_time, _start) = (time, time.GetTimestamp());
        _catalog = new(
            journal, CatalogJournalCodec.Instance, ErrorCode.NotController, logger, static _ => { },
            stored is null ? null : new StateElsewhere<CatalogRecord>(stored.ReadCatalogAsync, rebuilt ?? (static _ => { })));
    }

    /// <summary>Whether a creation or deletion is in progress or was interrupted.</summary>
    public bool HasUnsettled => _catalog.State.Unsettled.Count > 0;

    /// <summary>Records that a topic is about to be created or deleted.</summary>
    public Task<CatalogResult> AnnounceAsync(TopicName name, bool validateOnly) => ChangeAsync(state =>
    {
        var decision = CatalogRules.Announce(state, name);
        return validateOnly ? decision with { Records = [] } : decision;
    });

    /// <summary>Records whether a topic exists.</summary>
    public Task<CatalogResult> RecordAsync(TopicName name, bool exists) => ChangeAsync(state => CatalogRules.Record(state, name, exists));

    /// <summary>Returns one page of the existing topics.</summary>
    public async Task<TopicList> ListAsync(string after, int max)
    {
        if (max is < 1 or > Limits.TopicsPerPage)
        {
            return new TopicList(ErrorCode.InvalidRequest, [], false);
        }

        var (error, page) = await _catalog.ReadAsync(state => state.Page(after, max), _maxAge);
        return error == ErrorCode.None ? new TopicList(error, page.Names, page.HasMore) : new TopicList(error, [], false);
    }

    /// <summary>Calls every announced topic to complete what was interrupted.</summary>
    public async Task SettleAsync()
    {
        if (await _catalog.OpenAsync() == ErrorCode.None)
        {
            await BoundedCalls.ForEach(_catalog.State.Unsettled.ToArray(), _parallelism, _peers.Settle, _retired.Token);
        }
    }

    /// <summary>
    /// Announces topics that the store has and the catalog lacks, or the other way round, so that they are settled. Only storage that loses an
    /// acknowledged write without a trace, or a crash beside such a loss, leaves them.
    /// </summary>
    public async Task ReconcileAsync()
    {
        if (_stored is null || await _catalog.OpenAsync() != ErrorCode.None)
        {
            return;
        }

        var lacking = _catalog.State.Live.ToHashSet();
        if (await _stored.ListAsync() is not { } names || await _catalog.OpenAsync() != ErrorCode.None)
        {
            return;
        }

        lacking.ExceptWith(names);
        foreach (var name in names.Where(name => !_catalog.State.TryFindAlike(name, out _)).Concat(lacking))
        {
            await ChangeAsync(state => state.TryFindAlike(name, out _) && !lacking.Contains(name)
                ? Decision<CatalogRecord>.Accept() : CatalogRules.Announce(state, name));
        }
    }

    /// <summary>
    /// Lets the topics that are due look after their closed partitions. What exceeds the bounds of one call is left to the next one. Concurrent
    /// callers share one.
    /// </summary>
    public Task RetainAsync() => _retaining.IsCompleted ? _retaining = RetainOnceAsync() : _retaining;

    /// <summary>Notes that a topic must be asked within a time.</summary>
    public void RetainWithin(TopicName topic, TimeSpan wait) => _retention.AskWithin(topic, Elapsed, wait);

    /// <summary>Waits for work that may take minutes, so that the catalog could not move meanwhile.</summary>
    /// <returns>False if the catalog is about to move: the wait ended early, and the work continues.</returns>
    internal async Task<bool> UnlessRetiredAsync(Task work)
    {
        try
        {
            await work.WaitAsync(_retired.Token);
            return true;
        }
        catch (OperationCanceledException) when (_retired.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Ends the rounds of calls to topics, which the next activation makes again. Thread-safe.</summary>
    public void Retire() => _retired.Cancel();

    /// <inheritdoc/>
    public void EndWaits() => Retire();

    /// <inheritdoc/>
    bool IMoving.IsAskedByOthers => true;

    /// <summary>Waits for the write in flight.</summary>
    public ValueTask DisposeAsync() => _catalog.DisposeAsync();

    private TimeSpan Elapsed => _time.GetElapsedTime(_start);

    private async Task RetainOnceAsync()
    {
        if (await _catalog.OpenAsync() != ErrorCode.None)
        {
            return;
        }

        var left = PartitionsAtOnce;
        await BoundedCalls.ForEach(_retention.Take(_catalog.State.Live, Elapsed, TopicsAtOnce), RetainingAtOnce, async topic =>
        {
            var max = Math.Min(left, PartitionsOfTopicAtOnce);
            left -= max;
            var answer = max == 0 ? new TopicRetainResult(ErrorCode.None, 0, TimeSpan.Zero) : await _peers.Retain(topic, max);
            left += max - answer.Opened;

            // One that fails is asked again by the next call.
            _retention.AskWithin(topic, Elapsed, answer.Error == ErrorCode.None ? answer.Wait : TimeSpan.Zero);
            return answer.Error;
        }, _retired.Token);
    }

    private async Task<CatalogResult> ChangeAsync(Func<CatalogState, Decision<CatalogRecord>> decide)
    {
        var decision = await _catalog.ChangeAsync(decide);
        return new CatalogResult(decision.Error, decision.Detail);
    }
}
