using Loire.Coordination;
using Loire.Log.Journals;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Journals;

/// <summary>
/// The state of a small grain, rebuilt from its journal: <i>decide → records → apply → append → reply</i>. A change is decided and applied
/// at once, so the next request builds on it; its reply waits until the records are durable. Replies that change nothing wait for the write
/// in flight too, so that no caller sees state that may still be lost. Changes made during a write share the next one.
/// <para>
/// When the journal fails or has another owner, the state is ahead of what is durable: all pending changes fail, <c>failed</c> is invoked,
/// and the next <see cref="OpenAsync"/> reads the journal again. An owner whose state cannot be replaced (a group, whose sessions are not
/// in the journal) returns only errors from then on instead.
/// </para>
/// <para>
/// A state that is also stored elsewhere outlives its journal: what a journal holds is replaced if it cannot be read, the journal is deleted if its
/// head cannot, and an empty one is filled before it is used. So a crash in between only means that it is filled later. Other owners are fenced
/// before the state is read elsewhere.
/// </para>
/// <para>Not thread-safe: calls and continuations run as turns of one queue.</para>
/// </summary>
/// <param name="source">Creates the journal.</param>
/// <param name="codec">How records change the state, and their encoding.</param>
/// <param name="superseded">The error that makes callers look for the owner again: the journal has another owner, or a bug was hit.</param>
/// <param name="logger">Logs failures of the journal.</param>
/// <param name="failed">Invoked when the journal cannot be opened or has failed, once per opening.</param>
/// <param name="elsewhere">Where else the state is stored; null if nowhere.</param>
internal sealed partial class JournaledState<TState, TRecord>(
    JournalSource source, IJournalCodec<TState, TRecord> codec, ErrorCode superseded, ILogger logger, Action<ErrorCode> failed,
    StateElsewhere<TRecord>? elsewhere = null)
    : IAsyncDisposable
    where TRecord : class
{
    private Incarnation _current = new(codec.New());

    /// <summary>The state built from one instance of the journal, valid until that instance fails.</summary>
    private sealed class Incarnation(TState state)
    {
        public TState State { get; set; } = state;

        public TState DurableState { get; set; } = state;

        public bool HasRecords { get; set; }

        public Task<ErrorCode>? Opening { get; set; }

        public Journal? Journal { get; set; }

        public JournalWrites? Writes { get; set; }

        public bool HasFailed { get; set; }

        public bool IsOpen => !HasFailed && Opening is { IsCompletedSuccessfully: true, Result: ErrorCode.None };
    }

    /// <summary>The state, including changes that are not durable yet; empty before the journal is open.</summary>
    public TState State => _current.State;

    /// <summary>
    /// The durable state, for readers that must not wait for a write. Only valid if the state is immutable.
    /// </summary>
    public TState DurableState => _current.DurableState;

    /// <summary>Whether the state has any record, durable or not.</summary>
    public bool HasRecords => _current.HasRecords;

    /// <summary>
    /// Completes when every change so far is durable, or with the error that keeps it from becoming durable. The journal must be open.
    /// </summary>
    public Task<ErrorCode> Durable => Writes.Durable;

    /// <summary>Bytes that are not durable yet.</summary>
    public long PendingBytes => _current.Writes?.PendingBytes ?? 0;

    private JournalWrites Writes => _current.Writes ?? throw new InvariantException("the journal is open");

    /// <summary>Reads the journal unless it is open; concurrent callers share the attempt.</summary>
    /// <returns><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.KafkaStorageError"/>.</returns>
    public Task<ErrorCode> OpenAsync()
    {
        if (_current.HasFailed)
        {
            _current = new Incarnation(codec.New());
        }

        return _current.Opening ??= OpenOnceAsync(_current);
    }

    /// <summary>
    /// Ensures that the state has every record that was durable <paramref name="maxAge"/> ago; with zero, at the time of the call. Checks
    /// storage unless it was read or written within that time, and reads the journal again if another owner has appended. Required before
    /// an answer from the state that no write confirms: there may be another owner.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, or the error of storage or of the journal.</returns>
    public async Task<ErrorCode> RefreshAsync(TimeSpan maxAge = default)
    {
        if (_current.Opening is null || _current.HasFailed)
        {
            return await OpenAsync();
        }

        var error = await CheckNewestAsync(maxAge);

        // While storage was looked at, another caller may have begun to read the journal again: the state is empty until that has ended.
        return error == superseded || (error == ErrorCode.None && !_current.IsOpen) ? await OpenAsync() : error;
    }

    /// <summary>
    /// As <see cref="RefreshAsync"/> for an owner whose state cannot be replaced: if another owner has appended, the journal fails.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, the error of storage, or the error of superseded owners.</returns>
    public async Task<ErrorCode> CheckNewestAsync(TimeSpan maxAge = default)
    {
        var error = await OpenAsync();
        var seen = _current;
        error = error == ErrorCode.None ? await seen.Journal!.CheckNewestAsync(maxAge) : error;
        if (error == ErrorCode.None && (seen != _current || seen.HasFailed))
        {
            // What was found to be the newest state is not there any more.
            return superseded;
        }

        if (error != ErrorCode.NotLeaderOrFollower)
        {
            return error;
        }

        Fail(seen, superseded, null);
        return superseded;
    }

    /// <summary>Opens the journal, decides, applies, and waits until the change is durable.</summary>
    /// <returns>The decision, or a refusal without detail if it cannot become durable or the journal cannot be read.</returns>
    public async Task<Decision<TRecord>> ChangeAsync(Func<TState, Decision<TRecord>> decide)
    {
        var error = await OpenAsync();
        if (error != ErrorCode.None)
        {
            return new Decision<TRecord>(error, null, []);
        }

        // There is no await between the decision and the append: the next request must see this change.
        var decision = decide(State);
        if (decision.Records.Count == 0)
        {
            // No write confirms that this is the newest state.
            error = await RefreshAsync();
            if (error != ErrorCode.None)
            {
                return new Decision<TRecord>(error, null, []);
            }

            decision = decide(State);
        }

        error = await CommitAsync(decision.Records);
        return error == ErrorCode.None ? decision : new Decision<TRecord>(error, null, []);
    }

    /// <summary>
    /// Reads the state after <see cref="RefreshAsync"/>, and waits until what was read is durable.
    /// </summary>
    /// <returns>The result, or the error of reading the journal.</returns>
    public async Task<(ErrorCode Error, T? Result)> ReadAsync<T>(Func<TState, T> read, TimeSpan maxAge = default)
    {
        var error = await RefreshAsync(maxAge);
        if (error != ErrorCode.None)
        {
            return (error, default);
        }

        var result = read(State);
        error = await Durable;
        return error == ErrorCode.None ? (error, result) : (error, default);
    }

    /// <summary>Applies records and makes them durable, all or none; without records, waits for the write in flight.</summary>
    public async Task<ErrorCode> CommitAsync(IReadOnlyList<TRecord> records)
    {
        var current = _current;
        foreach (var record in records)
        {
            current.State = codec.Apply(current.State, record);
        }

        var after = current.State;
        var error = await AppendAsync(records);
        current.DurableState = error == ErrorCode.None ? after : current.DurableState;
        return error;
    }

    /// <summary>Makes records durable that the state already contains; otherwise as <see cref="CommitAsync"/>.</summary>
    public Task<ErrorCode> AppendAsync(IReadOnlyList<TRecord> records)
    {
        _current.HasRecords |= records.Count > 0;
        return Writes.Append([.. records.Select(codec.Write)]);
    }

    /// <summary>
    /// Waits for the write in flight and deletes the journal; later changes fail. The next <see cref="OpenAsync"/> finds an empty journal,
    /// or completes the deletion.
    /// </summary>
    public async Task<ErrorCode> DeleteAsync()
    {
        var deleted = _current;
        await Writes.StopAsync();
        var error = await deleted.Journal!.DeleteAsync();
        deleted.HasFailed = true;
        if (error == ErrorCode.None)
        {
            (deleted.State, deleted.HasRecords) = (codec.New(), false);
            deleted.DurableState = deleted.State;
        }

        return error;
    }

    /// <summary>Waits for the write in flight.</summary>
    public ValueTask DisposeAsync() => _current.Journal?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<ErrorCode> OpenOnceAsync(Incarnation opened)
    {
        var error = await ReplayAsync(opened);
        var isLost = error == ErrorCode.CorruptMessage && elsewhere is not null;
        if (isLost && opened.Journal!.IsOpen)
        {
            error = await opened.Journal.TakeOverAsync();
        }
        else if (error == ErrorCode.UnknownTopicOrPartition || isLost)
        {
            // Its deletion was interrupted. Deleting is the last step of its owner, so nothing else is left to complete.
            error = await opened.Journal!.DeleteAsync();
            error = error == ErrorCode.None ? await ReplayAsync(opened) : error;
        }

        if (error == ErrorCode.None && !opened.HasRecords && elsewhere is not null)
        {
            error = await RebuildAsync(opened, elsewhere, isLost);
        }

        if (error != ErrorCode.None)
        {
            CouldNotOpen(source.Name, error);
            opened.HasFailed = true;
            failed(ErrorCode.KafkaStorageError);
            return ErrorCode.KafkaStorageError;
        }

        opened.DurableState = opened.State;
        opened.Writes = new JournalWrites(
            opened.Journal!, () => codec.Write(codec.Snapshot(opened.State)), superseded, (cause, bug) => Fail(opened, cause, bug));
        return ErrorCode.None;
    }

    private async Task<ErrorCode> ReplayAsync(Incarnation opened)
    {
        opened.Journal = source.New();
        (var error, opened.State, opened.HasRecords) = await JournalReplay.ReadAsync(opened.Journal, codec);
        return error;
    }

    private async Task<ErrorCode> RebuildAsync(Incarnation opened, StateElsewhere<TRecord> from, bool isLost)
    {
        var (error, snapshot) = await from.ReadAsync();
        if (error != ErrorCode.None || (snapshot is null && !isLost))
        {
            return error;
        }

        (opened.State, opened.HasRecords) = (snapshot is null ? opened.State : codec.Apply(opened.State, snapshot), true);
        error = await opened.Journal!.SnapshotAsync(codec.Write(codec.Snapshot(opened.State)));
        if (error == ErrorCode.None)
        {
            JournalRebuilt(source.Name);
            from.Rebuilt(source.Name);
        }

        return error;
    }

    private void Fail(Incarnation incarnation, ErrorCode error, Exception? bug)
    {
        if (!incarnation.HasFailed)
        {
            incarnation.HasFailed = true;
            if (bug is null)
            {
                JournalFailed(source.Name, error);
            }
            else
            {
                FoundBug(bug, source.Name);
            }

            failed(error);
        }
    }

    [LoggerMessage(101, LogLevel.Warning, "The journal {Journal} could not be read: {Error}.")]
    private partial void CouldNotOpen(string journal, ErrorCode error);

    [LoggerMessage(102, LogLevel.Warning, "The journal {Journal} failed: {Error}. The durable state is read again before its next use.")]
    private partial void JournalFailed(string journal, ErrorCode error);

    [LoggerMessage(103, LogLevel.Error, "A bug stopped the writes of the journal {Journal}. The durable state is read again.")]
    private partial void FoundBug(Exception bug, string journal);

    [LoggerMessage(104, LogLevel.Warning,
        "The journal {Journal} was damaged or lost, and has been rebuilt from the store's other objects. Look for the cause: storage lost data.")]
    private partial void JournalRebuilt(string journal);
}
