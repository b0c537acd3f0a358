using Loire.Coordination.Transactions.Catalog;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Transactions;

/// <summary>
/// The transactional ids of one shard, in a <see cref="JournaledState{TState,TRecord}"/>. Runs without a silo. Not thread-safe: calls and continuations run
/// on one scheduler.
/// </summary>
public sealed class TransactionCatalogDriver : IMoving, IAsyncDisposable
{
    private const int SweepCallsAtOnce = 8;
    private const int SweepsPerLook = 30;

    // Silos that are restarted every day must not keep ids from expiring.
    private static readonly TimeSpan FirstExpirySweep = TimeSpan.FromHours(1);

    private readonly JournaledState<TransactionCatalogState, TransactionCatalogRecord> _catalog;
    private readonly Func<TransactionalId, ValueTask<ErrorCode>> _expire;
    private readonly TransactionOptions _options;
    private readonly TimeSpan _maxAge;
    private readonly TimeProvider _time;
    private readonly long _madeAt;
    private readonly CancellationTokenSource _retired = new();
    private TimeSpan _nextSweep;
    private TimeSpan _nextExpiry;
    private Task _sweep = Task.CompletedTask;

    /// <summary>Creates the driver of a catalog that is not open yet.</summary>
    /// <param name="journal">Creates the catalog's journal.</param>
    /// <param name="expire">Calls the coordinator of an id to look after it.</param>
    /// <param name="options">The intervals of sweeps.</param>
    /// <param name="maxAge">How old the state may be from which lists are returned.</param>
    /// <param name="time">The clock of the intervals.</param>
    /// <param name="logger">Logs failures of the journal.</param>
    /// <param name="stored">The ids of the store, from which the catalog is rebuilt; null if it cannot be listed.</param>
    /// <param name="rebuilt">Invoked with the journal's name when it has been rebuilt.</param>
    internal TransactionCatalogDriver(
        JournalSource journal, Func<TransactionalId, ValueTask<ErrorCode>> expire, TransactionOptions options, TimeSpan maxAge, TimeProvider time,
        ILogger logger, StoredTransactionalIds? stored = null, Action<string>? rebuilt = null)
    {
        (_expire, _options, _maxAge, _time, _madeAt) = (expire, options, maxAge, time, time.GetTimestamp());
        _nextExpiry = options.ExpirySweepInterval < FirstExpirySweep ? options.ExpirySweepInterval : FirstExpirySweep;
        _catalog = new(
            journal, TransactionCatalogJournalCodec.Instance, ErrorCode.NotCoordinator, logger, static _ => { },
            stored is null ? null : new StateElsewhere<TransactionCatalogRecord>(stored.ReadCatalogAsync, rebuilt ?? (static _ => { })));
    }

    private TimeSpan Now => _time.GetElapsedTime(_madeAt);

    /// <summary>Records how an id is used.</summary>
    public async Task<ErrorCode> RecordAsync(TransactionalId id, TransactionalIdUse use) =>
        (await _catalog.ChangeAsync(state => state.Record(id, use))).Error;

    /// <summary>Returns one page of the ids.</summary>
    public async Task<TransactionalIdList> ListAsync(string after, int max)
    {
        if (max is < 1 or > Limits.TransactionalIdsPerPage)
        {
            return new TransactionalIdList(ErrorCode.InvalidRequest, [], false);
        }

        var (error, page) = await _catalog.ReadAsync(state => state.Page(after, max), _maxAge);
        return error == ErrorCode.None ? new TransactionalIdList(error, page.Ids, page.HasMore) : new TransactionalIdList(error, [], false);
    }

    /// <summary>
    /// Starts to call the coordinators of the active ids, or of all of them if it is time for that; not while an earlier sweep goes on, or shortly after one.
    /// </summary>
    /// <returns>Completes at once; fails if the last sweep has met a bug.</returns>
    public Task SweepAsync()
    {
        if (!_sweep.IsCompleted || Now < _nextSweep)
        {
            return Task.CompletedTask;
        }

        var last = _sweep;

        // Several silos ask, each at the interval: half of it keeps one sweep from hindering the next.
        _nextSweep = Now + (_options.SweepInterval / 2);
        _sweep = SweepOnceAsync();
        return last;
    }

    /// <summary>Ends the sweep, which the next activation makes again. Thread-safe.</summary>
    public void Retire() => _retired.Cancel();

    /// <inheritdoc/>
    public void EndWaits() => Retire();

    /// <summary>Waits for the write in flight.</summary>
    public ValueTask DisposeAsync()
    {
        Retire();
        return _catalog.DisposeAsync();
    }

    private async Task SweepOnceAsync()
    {
        // A look at storage for each sweep would cost more than it is worth: only while there are two catalogs does this one not know all.
        if (await _catalog.RefreshAsync(_options.SweepInterval * SweepsPerLook) != ErrorCode.None)
        {
            return;
        }

        var all = Now >= _nextExpiry;
        _nextExpiry = all ? Now + _options.ExpirySweepInterval : _nextExpiry;
        TransactionalId[] ids = [.. all ? _catalog.State.Ids : _catalog.State.Active];
        await BoundedCalls.ForEach(ids, SweepCallsAtOnce, _expire, _retired.Token);
    }
}
