using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Turns;
using Loire.Log.Partitions;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Partitions;

/// <summary>
/// Drives one partition: steps its machine, appends to its log, and releases parked replies. It needs no silo. Not thread-safe: calls and
/// continuations run as turns of one queue.
/// <para>
/// It opens at the first call that needs the log: asks the topic for its configuration, then reads a bounded amount. It takes a leader epoch at
/// the first append. When the log has closed (another writer owns it, storage is broken, an outcome stays unknown), when the topic does not
/// know the partition, or when it finds a bug in itself, it answers everything that waits, asks once to be dropped, and answers only
/// errors from then on: the next activation starts from what is durable.
/// </para>
/// </summary>
public sealed partial class PartitionDriver : IRetiring, IAsyncDisposable
{
    private readonly PartitionKey _key;
    private readonly PartitionLog _log;
    private readonly Func<PartitionKey, ValueTask<PartitionSettingsResult>> _askTopic;
    private readonly PartitionMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Action _drop;
    private readonly PartitionAppends _appends;
    private readonly PartitionFetches _fetches;
    private readonly PartitionMachine<AppendReply, WaitingFetch> _machine = new();
    private readonly DriverTurns _turns;
    private Task<ErrorCode>? _opening;
    private Task<ErrorCode>? _deleting;
    private bool _isOpen;
    private ErrorCode _closed;

    /// <summary>A partition that is not open yet.</summary>
    /// <param name="key">Which partition.</param>
    /// <param name="log">Its log, not opened; the driver disposes of it.</param>
    /// <param name="askTopic">Asks the topic for the partition's settings, or learns that it must not serve.</param>
    /// <param name="turns">The turns in which the driver runs.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">For timestamps, waits and deadlines.</param>
    /// <param name="metrics">The silo's counters of partitions.</param>
    /// <param name="logger">Logs operator-relevant events.</param>
    /// <param name="drop">Asked once for the driver to be disposed of and forgotten.</param>
    public PartitionDriver(
        PartitionKey key, PartitionLog log, Func<PartitionKey, ValueTask<PartitionSettingsResult>> askTopic, ITurnQueue turns,
        PartitionDriverOptions options, TimeProvider time, PartitionMetrics metrics, ILogger logger, Action drop)
    {
        (_key, _log, _askTopic, _metrics, _logger, _drop) = (key, log, askTopic, metrics, logger, drop);
        _turns = new DriverTurns(turns, Fail);
        _appends = new PartitionAppends(log, _machine, OpenAsync, options, time, metrics, Fail);
        _fetches = new PartitionFetches(log, _machine, Bounds, _turns, time, metrics);
        log.Advanced = () => _fetches.Answer(_appends.Advance());
        log.Failed = _appends.Fail;
        log.Closed = OnLogClosed;
    }

    /// <summary>The number of fetches that wait for data now.</summary>
    public int WaitingFetches => _machine.WaitingPolls;

    /// <summary>Appends record batches. Offsets follow the order of calls; answers leave as the records become durable, in order.</summary>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request) =>
        _key.Topic.IsInternal && request.Origin == AppendOrigin.Client
            ? new(_appends.Refuse(ErrorCode.InvalidTopicException, $"The topic {_key.Topic} is internal: clients only read it."))
            : _appends.AppendAsync(request);

    /// <summary>Reads whole batches below the high watermark, waiting for data as the request allows.</summary>
    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken cancellation)
    {
        var result = Problem(request) is { } problem
            ? new FetchResult(ErrorCode.InvalidRequest, [], request.From, Bounds(), problem)
            : await OpenAsync() is not ErrorCode.None and var error
            ? new FetchResult(error, [], request.From, Bounds(), null)
            : await _fetches.FetchAsync(Resolve(WithinLimits(request)), cancellation);
        if (result.Error == ErrorCode.None)
        {
            _metrics.Fetched(PartitionFetches.TotalBytes(result));
        }
        else
        {
            _metrics.Failed("fetch", result.Error);
        }

        return result;
    }

    /// <summary>The positions that bound the log.</summary>
    public async ValueTask<PartitionOffsets> OffsetsAsync()
    {
        var error = await OpenAsync();
        return error == ErrorCode.None ? Bounds() : Bounds() with { Error = error };
    }

    /// <summary>The first batch that has a record at or after a moment.</summary>
    public async ValueTask<FindBatchResult> FindBatchAsync(Timestamp timestamp)
    {
        var error = await OpenAsync();
        if (error != ErrorCode.None)
        {
            return new FindBatchResult(error, [], Bounds());
        }

        var found = await _log.FindBatchAsync(timestamp, CancellationToken.None);
        return new FindBatchResult(found.Error, found.Pieces, Bounds());
    }

    /// <summary>Takes over a newer configuration of the topic. A partition that is not open stays so.</summary>
    public ErrorCode Configure(PartitionSettings settings)
    {
        _machine.Configure(settings);
        return ErrorCode.None;
    }

    /// <summary>Deletes the log, and asks to be dropped. A second call shares the first one's result unless that failed.</summary>
    public Task<ErrorCode> DeleteAsync() =>
        _deleting is null or { IsCompleted: true, Result: not ErrorCode.None } ? _deleting = DeleteOnceAsync() : _deleting;

    /// <summary>
    /// Has a turn ask to be dropped and answer all that waits with a retriable error, except appends that have their offsets. May be called
    /// from any thread.
    /// </summary>
    public void Retire() => _turns.Post(() => Close(ErrorCode.NotLeaderOrFollower));

    /// <summary>
    /// Answers all that waits with a retriable error, except appends that storage is about to confirm: those are waited for.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(ErrorCode.NotLeaderOrFollower);
        await _log.DisposeAsync();
    }

    private static string? Problem(FetchRequest request) =>
        request.MaxBytes < 0 ? "The maximum number of bytes must not be negative."
        : request.MinBytes < 0 ? "The minimum number of bytes must not be negative."
        : request.MaxWait < TimeSpan.Zero || request.MaxWait > Limits.FetchWait
            ? $"The wait must lie between 0 and {Limits.FetchWait.TotalSeconds} seconds."
        : null;

    private static FetchRequest WithinLimits(FetchRequest request) =>
        request.MaxBytes <= Limits.FetchBytes && request.MinBytes <= request.MaxBytes ? request : request with
        {
            MaxBytes = Math.Min(request.MaxBytes, Limits.FetchBytes),
            MinBytes = Math.Min(request.MinBytes, Math.Min(request.MaxBytes, Limits.FetchBytes)),
        };

    private FetchRequest Resolve(FetchRequest request) =>
        request.From == FetchRequest.Earliest ? request with { From = _machine.Positions.Start }
        : request.From == FetchRequest.Latest ? request with { From = _machine.Positions.HighWatermark }
        : request;

    private ValueTask<ErrorCode> OpenAsync() =>
        _closed != ErrorCode.None ? new(_closed)
        : _isOpen ? new(ErrorCode.None)
        : new(_opening ??= OpenOnceAsync());

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
            _machine.Configure(answer.Settings.Value);
        }

        var error = await _log.OpenAsync(CancellationToken.None);
        if (_closed != ErrorCode.None)
        {
            return _closed;
        }

        if (error != ErrorCode.None)
        {
            // To a client a corrupt message is its own; damage in storage is ours.
            CouldNotOpen(_key, error);
            error = error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : error;
            Close(error);
            return error;
        }

        _machine.Open(_log.LogStartOffset, highWatermark: _log.DurableEndOffset, durableEnd: _log.DurableEndOffset);
        _isOpen = true;
        return ErrorCode.None;
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

    private PartitionOffsets Bounds()
    {
        var positions = _machine.Positions;
        return new PartitionOffsets(
            ErrorCode.None, positions.Start, positions.LastStable, positions.HighWatermark, positions.End, _log.Epoch, _machine.TopicVersion);
    }

    private void OnLogClosed(ErrorCode error)
    {
        LogClosed(_key, error);

        // An outcome in doubt concerns the appends under way, which have been answered; nothing else was attempted.
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
