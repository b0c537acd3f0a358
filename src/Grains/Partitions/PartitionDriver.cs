using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Log.Partitions;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Partitions;

/// <summary>
/// Drives one partition: steps its machine, appends to its log, and releases parked replies. Runs without a silo. Not thread-safe: calls
/// and continuations run as turns of one queue.
/// <para>
/// The driver opens at the first call that needs the log: it gets the configuration from the topic, then reads a bounded amount. It takes a
/// leader epoch at the first append. When the log has closed (another writer owns it, storage is broken, an outcome stays unknown), when
/// the topic does not know the partition, or when the driver hits a bug, it answers all waiting calls, invokes <c>drop</c> once, and
/// returns only errors from then on; the next activation starts from the durable state.
/// </para>
/// </summary>
public sealed partial class PartitionDriver : ILedPartition, IAsyncDisposable
{
    private readonly PartitionKey _key;
    private readonly PartitionLog _log;
    private readonly Func<PartitionKey, ValueTask<PartitionSettingsResult>> _askTopic;
    private readonly TimeSpan _maxAge;
    private readonly int _brokerId;
    private readonly TimeProvider _time;
    private readonly PartitionMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Action _drop;
    private readonly PartitionProducers _producers;
    private readonly PartitionTransactions _transactions;
    private readonly PartitionAppends _appends;
    private readonly PartitionFetches _fetches;
    private readonly PartitionEpochs _epochs;
    private readonly PartitionSearches _searches;
    private readonly PartitionTrims _trims;
    private readonly PartitionCompaction _compaction;
    private readonly PartitionKeys _keys;
    private readonly PartitionUpkeep _upkeep;
    private readonly PartitionMachine<AppendReply, WaitingFetch> _machine = new();
    private readonly DriverTurns _turns;
    private Task<ErrorCode>? _opening;
    private Task<ErrorCode>? _deleting;
    private bool _isOpen;
    private bool _isFirstOwner;
    private ErrorCode _closed;
    private Task? _compacting;
    private volatile bool _wasUsed = true;
    private volatile bool _isCompacted;

    /// <summary>Creates the driver of a partition that is not open yet.</summary>
    /// <param name="key">The partition.</param>
    /// <param name="log">The unopened log, which the driver disposes of.</param>
    /// <param name="askTopic">Gets the partition's settings from the topic, or the error that keeps it from serving.</param>
    /// <param name="turns">The turns in which the driver runs.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">The clock of timestamps, waits and deadlines.</param>
    /// <param name="metrics">The instruments that all partitions of a silo update.</param>
    /// <param name="logger">Logs operator-relevant events.</param>
    /// <param name="drop">Invoked once, when the driver is to be disposed of and forgotten.</param>
    public PartitionDriver(
        PartitionKey key, PartitionLog log, Func<PartitionKey, ValueTask<PartitionSettingsResult>> askTopic, ITurnQueue turns,
        PartitionDriverOptions options, TimeProvider time, PartitionMetrics metrics, ILogger logger, Action drop)
    {
        (_key, _log, _askTopic, _metrics, _logger, _drop) = (key, log, askTopic, metrics, logger, drop);
        (_maxAge, _brokerId, _time) = (options.MaxAge, options.BrokerId, time);
        _turns = new DriverTurns(turns, Fail);
        _producers = new PartitionProducers(log, _machine, options, time);
        _transactions = new PartitionTransactions(key, log, _machine, _producers, OpenAsync, LeadAsync, options, time);
        _appends = new PartitionAppends(log, _machine, _producers, _transactions, OpenAsync, LeadAsync, options, time, metrics, Fail);
        _fetches = new PartitionFetches(log, _machine, _producers, Bounds, _turns, options.MaxAge, time, metrics);
        _epochs = new PartitionEpochs(log, () => _machine.Positions.HighWatermark, NewestAsync);
        _searches = new PartitionSearches(log, NewestAsync);
        _trims = new PartitionTrims(log, _machine, _producers, NewestAsync, LeadAsync, time, metrics);
        var keys = new StoredKeys(log, options);
        _compaction = new PartitionCompaction(log, keys, _producers, _machine, NewestAsync, LeadAsync, options, time, metrics);
        _keys = new PartitionKeys(log, keys, _machine, _producers, options, time);
        _upkeep = new PartitionUpkeep(key, log, _machine, _producers, _trims, _compaction, options.Reports, () => _closed, metrics, logger);
        _producers.Learned = _fetches.Answer;
        log.Advanced = OnLogAdvanced;
        log.Failed = _appends.Fail;
        log.Closed = OnLogClosed;
    }

    /// <inheritdoc/>
    public PartitionKey Key => _key;

    /// <summary>The number of parked fetches.</summary>
    public int WaitingFetches => _machine.WaitingPolls;

    /// <summary>Whether calls are parked or appends pending. From any thread; it may have changed when the caller looks at it.</summary>
    internal bool IsBusy => _machine.WaitingPolls > 0 || _appends.HeldBytes > 0;

    /// <summary>
    /// Appends record batches. Offsets follow the order of calls; replies are released in order as the records become durable.
    /// </summary>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request)
    {
        _wasUsed = true;
        return _key.Topic.IsInternal && request.Origin == AppendOrigin.Client
            ? new(_appends.Refuse(ErrorCode.InvalidTopicException, $"The topic {_key.Topic} is internal: clients only read it."))
            : _appends.AppendAsync(request);
    }

    /// <summary>Ends a transaction, unless it has ended here.</summary>
    public Task<ErrorCode> EndTransactionAsync(TransactionMarker marker)
    {
        _wasUsed = true;
        return _transactions.EndAsync(marker);
    }

    /// <summary>Aborts a transaction of which no coordinator knows.</summary>
    public Task<ErrorCode> AbortHangingAsync(AbortHangingRequest request)
    {
        _wasUsed = true;
        return _transactions.AbortHangingAsync(request);
    }

    /// <summary>
    /// Deletes what the topic's retention no longer keeps, if the partition is open. Posts a turn; from any thread.
    /// </summary>
    /// <returns>Completes when that has been done, or has failed: with a report, or null if there is none.</returns>
    internal Task<PartitionReport?> RetainAsync() =>
        _turns.RunAsync(async () => _isOpen ? (await _upkeep.RetainAsync(isOpen: true)).Report : null);

    /// <summary>
    /// Compacts the log once if that is due. A partition that is not open is left alone. Posts a turn; from any thread, but from one at a time.
    /// </summary>
    /// <returns>Completes when that has been done, or has failed.</returns>
    internal Task CompactAsync() => _compacting is { IsCompleted: false } running ? running : _compacting = _turns.RunAsync(async () =>
    {
        if (_isOpen)
        {
            await _upkeep.CompactAsync();
        }

        return true;
    });

    /// <summary>Whether the topic is compacted, as far as the partition knows. From any thread.</summary>
    internal bool IsCompacted => _isCompacted;

    /// <summary>Whether compaction has done something since the last time this was asked. From any thread.</summary>
    internal bool TakeCompactionProgress() => _compaction.TakeProgress();

    /// <summary>
    /// Opens the partition if it is closed, and deletes what the topic's retention no longer keeps. Called for the topic. Compaction follows at the
    /// next check of the silo.
    /// </summary>
    public async ValueTask<RetainResult> OpenAndRetainAsync()
    {
        var error = await OpenAsync();
        var result = error == ErrorCode.None ? await _upkeep.RetainAsync(isOpen: false) : new RetainResult(error, null);
        LastReport = result.Report is { } report ? report with { At = Timestamp.From(_time.GetUtcNow()) } : LastReport;
        return result;
    }

    /// <summary>Reports the log as that of a closed partition. Posts a turn; from any thread.</summary>
    /// <returns>Null if the partition is not open, or if that takes a read.</returns>
    internal Task<PartitionReport?> ReportAtEndAsync() =>
        _turns.RunAsync(() => Task.FromResult(_isOpen && _closed == ErrorCode.None ? _upkeep.ReportAtEnd() : null));

    /// <summary>The last report that the topic has confirmed, with the time by this silo's clock; null if there is none. From any thread.</summary>
    internal PartitionReport? LastReport
    {
        get => _upkeep.LastReport;
        set => _upkeep.LastReport = value;
    }

    /// <summary>Applies a newer configuration of the topic. A partition that is not open stays closed.</summary>
    public ErrorCode Configure(PartitionSettings settings)
    {
        _machine.Configure(settings);
        _isCompacted = _machine.Settings is { Compaction: not null };
        return ErrorCode.None;
    }

    /// <summary>Deletes the log and invokes <c>drop</c>. A second call shares the first one's result unless that failed.</summary>
    public Task<ErrorCode> DeleteAsync() =>
        _deleting is null or { IsCompleted: true, Result: not ErrorCode.None } ? _deleting = DeleteOnceAsync() : _deleting;

    /// <summary>
    /// Posts a turn that invokes <c>drop</c> and fails all waiting calls with a retriable error, except appends that have offsets.
    /// Thread-safe.
    /// </summary>
    public void Retire() => _turns.Post(() => Close(ErrorCode.NotLeaderOrFollower));

    /// <inheritdoc/>
    public void EndWaits() => _turns.Post(_fetches.EndWaits);

    /// <summary>
    /// Fails all waiting calls with a retriable error, except appends in flight to storage, which it waits for.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var wasOpen = _isOpen && _closed == ErrorCode.None;
        await CloseAsync(ErrorCode.NotLeaderOrFollower);
        _upkeep.Close(wasOpen);
        await _log.DisposeAsync();
        _appends.Dispose();
    }

    /// <summary>Whether it was called since the last time this was asked. From any thread.</summary>
    internal bool TakeUse()
    {
        var was = _wasUsed;
        _wasUsed = false;
        return was;
    }

    /// <summary>
    /// Ensures that the end of the log is known for an answer that depends on it. An instance without an epoch has fenced no other: it
    /// checks storage after each question. One that leads has, until it is fenced itself.
    /// </summary>
    private ValueTask<ErrorCode> NewestAsync() => NewestAsync(_log.IsLeader ? _maxAge : TimeSpan.Zero);

    private async ValueTask<ErrorCode> NewestAsync(TimeSpan maxAge)
    {
        var error = await _log.EnsureNewestAsync(maxAge);
        return _closed != ErrorCode.None ? _closed : error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : error;
    }

    private ValueTask<ErrorCode> OpenAsync()
    {
        _wasUsed = true;
        return _closed != ErrorCode.None ? new(_closed)
            : _isOpen ? new(ErrorCode.None)
            : new(_opening ??= OpenOnceAsync());
    }

    private async Task<ErrorCode> OpenOnceAsync()
    {
        try
        {
            return await AskAndOpenAsync();
        }
        catch (Exception bug)
        {
            Fail(bug);
            return _closed;
        }
    }

    private async Task<ErrorCode> AskAndOpenAsync()
    {
        if (_machine.Settings is null)
        {
            var answer = await _askTopic(_key);
            if (answer.Error != ErrorCode.None)
            {
                Close(answer.Error);
                return answer.Error;
            }

            Invariant.Check(answer.Settings is not null, "a topic that vouches for a partition says how it is configured");
            Configure(answer.Settings.Value);
            _upkeep.Resume(answer.Compaction);
        }

        var error = await _log.OpenAsync(CancellationToken.None);
        if (_closed != ErrorCode.None)
        {
            return _closed;
        }

        if (error != ErrorCode.None)
        {
            // To a client, CORRUPT_MESSAGE is a fault of its own batch; damage in storage is not.
            CouldNotOpen(_key, error);
            error = error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : error;
            Close(error);
            return error;
        }

        _machine.Open(_log.LogStartOffset, highWatermark: _log.DurableEndOffset, durableEnd: _log.DurableEndOffset);
        _isOpen = true;
        return ErrorCode.None;
    }

    /// <summary>
    /// Takes a leader epoch. The first owner of a log that did not exist asks the topic once more: it may have been deleted, with all logs
    /// that existed, after this partition opened. A deletion that becomes durable later finds the log.
    /// </summary>
    private async ValueTask<ErrorCode> LeadAsync()
    {
        _isFirstOwner |= !_log.Exists;
        var error = await _log.BecomeLeaderAsync(CancellationToken.None);
        if (error == ErrorCode.None)
        {
            _producers.Lead();
        }

        if (error != ErrorCode.None || !_isFirstOwner)
        {
            return error;
        }

        var answer = await _askTopic(_key);
        if (answer.Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId)
        {
            _turns.Start(DeleteAsync);
        }

        return answer.Error;
    }

    private async Task<ErrorCode> DeleteOnceAsync()
    {
        await CloseAsync(ErrorCode.UnknownTopicOrPartition);
        var error = await _log.DeleteAsync(CancellationToken.None);
        if (error != ErrorCode.None)
        {
            CouldNotDelete(_key, error);
        }

        return error;
    }

    private void OnLogAdvanced()
    {
        var satisfied = _appends.Advance();
        _machine.MoveStart(_log.LogStartOffset);
        _fetches.Answer(satisfied);
        if (_producers.MustStore)
        {
            _turns.Start(_producers.StoreAsync);
        }
    }

    private void OnLogClosed(ErrorCode error)
    {
        LogClosed(_key, error);

        // An unknown outcome concerns the appends in flight, which have been answered; nothing else was attempted.
        Close(error == ErrorCode.RequestTimedOut ? ErrorCode.NotLeaderOrFollower : error);
    }

    private void Fail(Exception bug)
    {
        FoundBug(bug, _key);
        Close(ErrorCode.UnknownServerError);
    }

    private void Close(ErrorCode error) => _ = CloseAsync(error);

    private async Task CloseAsync(ErrorCode error)
    {
        if (_closed == ErrorCode.None)
        {
            _closed = error;
            _fetches.Close(error);
            _compaction.Close();
            _keys.Close();
            _ = _appends.Close(error);
            _drop();
        }

        await _appends.Close(_closed);
        if (_opening is { } opening)
        {
            await opening;
        }
    }
}
