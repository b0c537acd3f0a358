using Loire.Coordination.Transactions;
using Loire.Grains.Catalogs;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Transactions;

/// <summary>
/// Coordinates the transactions of one transactional id: has its requests judged (<see cref="TransactionRules"/>), makes the outcome durable, tells the
/// partitions and groups, and aborts what is over its time. Runs without a silo. Not thread-safe: calls and continuations run as turns of one queue.
/// <para>
/// Partitions and groups hear only of an outcome that is durable, and it is told until all have confirmed it; the next activation begins again with what the
/// journal has. That all have confirmed it is applied at once, so that the next transaction can begin, and written with the next record, or a moment later
/// (<see cref="TransactionOptions.CompletionDelay"/>). Records stay in order, so the journal never has the next transaction without the end of the
/// one before; if the record is lost, all are told again.
/// </para>
/// <para>
/// When the journal fails or has another owner, or the driver hits a bug, it fails all waiting requests with a retriable error, tells nobody anything any
/// more, deactivates the grain, and returns only errors from then on; the next activation starts from the durable state.
/// </para>
/// </summary>
public sealed partial class TransactionDriver : IMoving, IAsyncDisposable
{
    // Keeps an id active while a transaction is open, and its entry in the catalog.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly TransactionalId _id;
    private readonly ITransactionPeers _peers;
    private readonly NextProducerId _nextProducerId;
    private readonly Func<ValueTask<bool>> _areAllowed;
    private readonly TransactionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<TimeSpan> _wakeAfter;
    private readonly IActivation _activation;
    private readonly JournaledState<TransactionState, TransactionRecord> _journal;
    private readonly CatalogListing _listing;
    private readonly ParkedRequests _parked = new();
    private readonly DriverTurns _turns;
    private readonly CancellationTokenSource _closing = new();
    private readonly long _madeAt;
    private Task<ErrorCode>? _opening;
    private TransactionMarkers? _markers;
    private TransactionRecord? _unwritten;
    private TimeSpan _writesAt = TimeSpan.MaxValue;
    private TimeSpan _sendsAt = TimeSpan.MaxValue;
    private TimeSpan _confirmsAt = TimeSpan.MaxValue;
    private TimeSpan _wakesAt = TimeSpan.MaxValue;
    private ErrorCode _closed;
    private int _requests;

    /// <summary>Creates the driver of a transactional id that is not open yet.</summary>
    /// <param name="id">A legal id.</param>
    /// <param name="journal">Creates its journal, which the driver disposes of.</param>
    /// <param name="peers">Partitions, groups and the catalog.</param>
    /// <param name="nextProducerId">Gives producer ids.</param>
    /// <param name="areAllowed">Whether the cluster's feature level has transactions.</param>
    /// <param name="turns">The turns in which the driver runs.</param>
    /// <param name="options">Bounds and intervals.</param>
    /// <param name="time">The clock of timeouts.</param>
    /// <param name="logger">Logs operator-relevant events.</param>
    /// <param name="wakeAfter">Schedules one call of <see cref="WakeAsync"/> after a time, replacing the previous schedule.</param>
    /// <param name="activation">The activation of the grain that holds the driver.</param>
    internal TransactionDriver(
        TransactionalId id, JournalSource journal, ITransactionPeers peers, NextProducerId nextProducerId, Func<ValueTask<bool>> areAllowed, ITurnQueue turns,
        TransactionOptions options, TimeProvider time, ILogger logger, Action<TimeSpan> wakeAfter, IActivation activation)
    {
        (_id, _peers, _nextProducerId, _areAllowed, _options, _time) = (id, peers, nextProducerId, areAllowed, options, time);
        (_logger, _wakeAfter, _activation, _madeAt) = (logger, wakeAfter, activation, time.GetTimestamp());
        _turns = new DriverTurns(turns, Fail);
        _journal = new(journal, TransactionJournalCodec.Instance, ErrorCode.NotCoordinator, logger, Close);
        _listing = new CatalogListing(isUsed => peers.Record(
            id, isUsed ? TransactionalIdUse.Active : State.Exists ? TransactionalIdUse.Idle : TransactionalIdUse.Gone));
    }

    /// <summary>The number of requests that wait for the end of the transaction before them.</summary>
    public int Waiting => _parked.Count;

    private TransactionState State => _journal.State;

    private bool IsOpen => State.Status == TransactionStatus.Ongoing || State.IsEnding || _unwritten is not null;

    private TimeSpan Now => _time.GetElapsedTime(_madeAt);

    private Timestamp Date => Timestamp.From(_time.GetUtcNow());

    /// <summary>
    /// Aborts what is over its time, forgets an id that was not used for long, and reports one that is idle to the catalog. Opening the journal has gone on
    /// with what an earlier activation left.
    /// </summary>
    public async Task<ErrorCode> ExpireAsync()
    {
        var error = await OpenedAsync();
        if (error != ErrorCode.None)
        {
            return error;
        }

        error = await TimeOutAsync();
        if (error == ErrorCode.None && CanForget())
        {
            return await ForgetAsync();
        }

        if (error == ErrorCode.None && !IsOpen && Date.Milliseconds - State.ChangedAt.Milliseconds >= (long)_options.IdleAfter.TotalMilliseconds)
        {
            error = await NewestAsync();
            error = error == ErrorCode.None ? await _listing.RemoveAsync(() => IsOpen) : error;
            if (IsUnused())
            {
                _activation.DeactivateSoon(IsUnused);
            }
        }

        return error;
    }

    /// <summary>Handles what is due.</summary>
    public async Task WakeAsync()
    {
        _wakesAt = TimeSpan.MaxValue;
        if (await OpenedAsync() != ErrorCode.None)
        {
            return;
        }

        await TimeOutAsync();
        _parked.EndDue(Now);
        if (_sendsAt <= Now && _markers is { AreUnderWay: false })
        {
            _turns.Start(SendAsync);
        }

        if (_unwritten is not null && _writesAt <= Now && _closed == ErrorCode.None)
        {
            await CommitAsync([]);
        }

        if (IsOpen && _confirmsAt <= Now)
        {
            _confirmsAt = Now + LongestWait;
            _turns.Start(ConfirmListedAsync);
        }

        Arm();
    }

    /// <summary>
    /// Posts a turn that deactivates the grain and fails waiting requests with a retriable error; pending changes still become durable.
    /// Thread-safe.
    /// </summary>
    public void Retire() => _turns.Post(() => Close(ErrorCode.NotCoordinator));

    /// <inheritdoc/>
    public void EndWaits() => _turns.Post(_parked.Close);

    /// <summary>Fails waiting requests with a retriable error and waits for the write in flight.</summary>
    public async ValueTask DisposeAsync()
    {
        Close(ErrorCode.NotCoordinator);
        if (_unwritten is { } record)
        {
            _unwritten = null;
            await _journal.AppendAsync([record]);
        }

        await _journal.DisposeAsync();
    }

    /// <summary>Applies records and makes them durable, with what is not written yet; tells all of an outcome once it is durable.</summary>
    private async Task<ErrorCode> CommitAsync(IReadOnlyList<TransactionRecord> records)
    {
        foreach (var record in records)
        {
            State.Apply(record);
        }

        Count();
        var unwritten = _unwritten;
        (_unwritten, _writesAt) = (null, TimeSpan.MaxValue);
        var error = await _journal.AppendAsync(unwritten is null ? records : [unwritten, .. records]);
        if (error == ErrorCode.None && records is [TransactionRecord.Prepared prepared, ..])
        {
            if (State.IsEnding)
            {
                _options.Metrics.Decided(prepared.Commits);
            }

            Tell();
        }

        return error == ErrorCode.None || _closed == ErrorCode.None ? error : _closed;
    }

    /// <summary>Begins to tell the partitions and groups of the outcome, which is durable.</summary>
    private void Tell()
    {
        if (_closed == ErrorCode.None && State.IsEnding && _markers is null)
        {
            var marker = new TransactionMarker(_id, State.Marker, State.RaisesEpoch, State.Commits, State.Number);
            _markers = new TransactionMarkers(_peers, marker, State.Partitions, State.Groups, _options.MarkersAtOnce);
            _turns.Start(SendAsync);
        }
    }

    private async Task SendAsync()
    {
        var markers = _markers!;
        _sendsAt = TimeSpan.MaxValue;
        var (failed, error) = await markers.SendAsync(_closing.Token);
        if (_closed != ErrorCode.None)
        {
            return;
        }

        if (!markers.AreDone)
        {
            NotAllReached(markers.Number, _id, failed, error);
            _sendsAt = Now + markers.NextPause();
            Arm();
            return;
        }

        _markers = null;
        _unwritten = new TransactionRecord.Completed(Date);
        State.Apply(_unwritten);
        _writesAt = Now + _options.CompletionDelay;
        _parked.Complete();
        Arm();
    }

    private async Task<ErrorCode> TimeOutAsync()
    {
        var step = TransactionRules.TimeOut(State, Date);
        if (step.Records.Count == 0)
        {
            return ErrorCode.None;
        }

        TimedOut(State.Number, _id, State.Timeout);
        var error = await CommitAsync(step.Records);
        if (error == ErrorCode.None)
        {
            _options.Metrics.TimedOut();
        }

        return error;
    }

    private async Task<ErrorCode> ForgetAsync()
    {
        // Later requests reach another activation, for which the id is not in use. One that has used it since closes this one instead.
        var error = await NewestAsync();
        if (error != ErrorCode.None || !CanForget())
        {
            return error;
        }

        _closed = ErrorCode.NotCoordinator;
        error = await _journal.DeleteAsync();
        if (error == ErrorCode.None)
        {
            Forgotten(_id);
            if (await _listing.RemoveAsync(static () => false) is not ErrorCode.None and var recorded)
            {
                NotRecorded(_id, recorded);
            }
        }

        _activation.Deactivate();
        return error;
    }

    private async Task ConfirmListedAsync()
    {
        if (await _listing.ConfirmAsync() is not ErrorCode.None and var error)
        {
            NotRecorded(_id, error);
        }
    }

    /// <summary>
    /// Opens the journal, and ensures that the state has every change that was durable when this was called: required before an answer that no write
    /// confirms. If another owner has changed it, this driver closes.
    /// </summary>
    private async Task<ErrorCode> NewestAsync()
    {
        var error = await OpenedAsync();
        error = error == ErrorCode.None ? await _journal.CheckNewestAsync() : error;
        return _closed != ErrorCode.None ? _closed : error;
    }

    private async Task<ErrorCode> OpenedAsync()
    {
        var error = _closed != ErrorCode.None ? _closed : await (_opening ??= OpenAsync());
        return _closed != ErrorCode.None ? _closed : error;
    }

    private async Task<ErrorCode> OpenAsync()
    {
        var error = await _journal.OpenAsync();
        if (error == ErrorCode.None)
        {
            Count();
            Tell();
            Arm();
        }

        return error;
    }

    private void Arm()
    {
        if (_closed != ErrorCode.None)
        {
            return;
        }

        var now = Now;
        if (IsOpen && _confirmsAt == TimeSpan.MaxValue)
        {
            _confirmsAt = now + LongestWait;
        }

        _confirmsAt = IsOpen ? _confirmsAt : TimeSpan.MaxValue;
        var next = _writesAt < _confirmsAt ? _writesAt : _confirmsAt;
        next = _sendsAt < next ? _sendsAt : next;
        next = _parked.NextDeadline is { } deadline && deadline < next ? deadline : next;
        if (State.TimesOutAt is { } end)
        {
            var timesOut = now + TimeSpan.FromMilliseconds(Math.Max(0, end.Milliseconds - Date.Milliseconds));
            next = timesOut < next ? timesOut : next;
        }

        if (next < _wakesAt)
        {
            _wakesAt = next;

            // Rounded up: a timer that fires too early would only have to be set again.
            _wakeAfter(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling((next - now).TotalMilliseconds))));
        }
    }

    private bool CanForget() => IsUnused() && TransactionRules.IsExpired(State, _options.IdExpiration, Date);

    private bool IsUnused() => _requests == 0 && !IsOpen;

    // An id that is not in use takes no memory.
    private void DropIfUnused()
    {
        if (_closed == ErrorCode.None && _requests == 0 && !State.Exists)
        {
            _activation.DeactivateSoon(() => _requests == 0 && !State.Exists);
        }
    }

    // The metric counts transactions only where their coordinator is active.
    private void Count()
    {
        if (_closed == ErrorCode.None && State.Status == TransactionStatus.Ongoing)
        {
            _options.Metrics.Open(this, State.StartedAt);
        }
        else
        {
            _options.Metrics.NotOpen(this);
        }
    }

    private void Fail(Exception bug)
    {
        Failed(bug, _id);
        Close(ErrorCode.CoordinatorNotAvailable);
    }

    private void Close(ErrorCode error)
    {
        if (_closed == ErrorCode.None)
        {
            _closed = error;
            _closing.Cancel();
            Count();
            _parked.Close();
            _activation.Deactivate();
        }
    }
}
