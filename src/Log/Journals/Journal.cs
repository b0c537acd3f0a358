using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Journals;

/// <summary>
/// The durable state of one small grain: a sequence of records, in which a snapshot replaces all records before it. Opening replays the
/// newest snapshot and the records after it. Not thread-safe: every call and continuation runs on its owner's scheduler. If two owners
/// exist by mistake, only the newer can append; the other gets <see cref="ErrorCode.NotLeaderOrFollower"/> and must be dropped, since its
/// state is stale.
/// </summary>
public sealed class Journal : IAsyncDisposable
{
    private readonly Chain _chain;
    private readonly ObjectCache _replay;
    private readonly JournalOptions _options;
    private readonly Queue<WaitingAppend> _waiting = new();
    private Task<ErrorCode>? _leading;
    private Offset _replayed;
    private long _bytesSinceSnapshot;
    private long _snapshotBytes;

    /// <summary>Creates a journal that is not open yet.</summary>
    /// <param name="storage">Stores the objects of the journal.</param>
    /// <param name="id">Names the journal among all logs of the storage: <c>{kind}/{key}</c>.</param>
    /// <param name="writer">A random id that no other instance has used; it marks the writes of this one.</param>
    /// <param name="options">The bounds of the journal.</param>
    /// <param name="time">The clock of waits and deadlines.</param>
    public Journal(IGrainStorage storage, string id, Guid writer, JournalOptions options, TimeProvider time)
    {
        _options = options;
        _replay = new ObjectCache(options.TailBytes);
        _chain = new Chain(storage, id, writer, options, JournalRecordFormat.Instance, _replay, time, isNameReused: true);
        _chain.HeadRefresh.ClosesWhenBehind = true;
    }

    /// <summary>
    /// Whether a new snapshot is worth its write: the records since the last one are larger than it, and either exceed
    /// <see cref="JournalOptions.SnapshotAfterBytes"/> or fill so many chunks that the next chunk would start a merge. A snapshot is then
    /// cheaper than the merge, which reads every chunk again. Not while storage refuses to delete what earlier snapshots have replaced.
    /// </summary>
    public bool WantsSnapshot => !_chain.SegmentMaintenance.IsGarbageFull
        && (_bytesSinceSnapshot >= Math.Max(_options.SnapshotAfterBytes, _snapshotBytes)
            || (_bytesSinceSnapshot > _snapshotBytes && _chain.State.Tail.Count >= (_options.TailChunks / 2) - 1));

    /// <summary>Whether the journal can be led, although what it holds may be unreadable: its head is intact.</summary>
    public bool IsOpen => _chain.IsOpen && !_chain.IsClosed;

    /// <summary>A human-readable reason why the journal closed itself; null if it has not.</summary>
    public string? CloseReason => _chain.CloseReason;

    /// <summary>
    /// Invoked once when the journal has closed itself: superseded, broken storage, or an unknown outcome. The owner drops this instance.
    /// </summary>
    public Action<ErrorCode>? Closed
    {
        get => _chain.ClosedItself;
        set => _chain.ClosedItself = value;
    }

    /// <summary>
    /// Opens the journal and replays its durable state: <paramref name="snapshot"/> at most once and first, then <paramref name="record"/>
    /// for each record in order.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> if any of it is damaged;
    /// <see cref="ErrorCode.UnknownTopicOrPartition"/> if the journal is being deleted; or a storage error. After an error the replayed
    /// state must not be used.
    /// </returns>
    public async Task<ErrorCode> OpenAsync(Action<ReadOnlySpan<byte>> snapshot, Action<ReadOnlySpan<byte>> record)
    {
        var error = await _chain.OpenAsync(CancellationToken.None);
        if (error == ErrorCode.None)
        {
            error = await ReplayAsync(snapshot, record);
        }

        // The owner keeps its own copy of the state.
        _replay.Retire();
        return error;
    }

    /// <summary>
    /// Appends records, all or none, and completes when the outcome is known. Appends take effect in the order of the calls; those made
    /// during a write share the next one. The caller must not change the records' memory before the task completes.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/> once the records are durable; <see cref="ErrorCode.NotLeaderOrFollower"/> if another owner has appended
    /// or this instance is closed; <see cref="ErrorCode.KafkaStorageError"/> if storage refused and nothing is stored;
    /// <see cref="ErrorCode.RequestTimedOut"/> if the outcome is unknown at the deadline; <see cref="ErrorCode.RecordListTooLarge"/> for
    /// more than <see cref="Limits.BatchBytes"/>.
    /// </returns>
    public Task<ErrorCode> AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        if (records.Count == 0)
        {
            return Task.FromResult(ErrorCode.None);
        }

        var items = new Item[records.Count];
        var bytes = 0L;
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = new Item(records[i], default, 1, Timestamp.None);
            bytes += records[i].Length;
        }

        if (bytes > Limits.BatchBytes)
        {
            return Task.FromResult(ErrorCode.RecordListTooLarge);
        }

        if (_chain.IsClosed)
        {
            return Task.FromResult(_chain.ClosedError);
        }

        if (_chain.Leads)
        {
            return Append(items);
        }

        var append = new WaitingAppend(items);
        _waiting.Enqueue(append);
        if (_leading is null or { IsCompleted: true })
        {
            _leading = LeadAsync();
        }

        return append.EndedAsync();
    }

    /// <summary>
    /// Stores a snapshot of the state after every record appended so far, and deletes these records. No append may be in flight; appends
    /// made meanwhile follow the snapshot.
    /// </summary>
    /// <returns>As for appends; after a refusal the records remain, and a later snapshot may succeed.</returns>
    public async Task<ErrorCode> SnapshotAsync(ReadOnlyMemory<byte> snapshot)
    {
        Invariant.Check(_waiting.Count == 0 && _chain.IsIdle, "a snapshot is taken while no append is under way");
        if (!_chain.Leads && await LeadAsync() is not ErrorCode.None and var error)
        {
            return error;
        }

        var covered = _bytesSinceSnapshot;
        error = await _chain.SnapshotAsync(snapshot);
        if (error == ErrorCode.None)
        {
            _bytesSinceSnapshot -= covered;
            _snapshotBytes = snapshot.Length;
        }

        return error;
    }

    /// <summary>
    /// Takes over a journal that is open and of which <see cref="OpenAsync"/> has found a part unreadable: fences every other owner, for a
    /// snapshot of the state, known from elsewhere, that replaces all it holds. Until that is stored, the next owner finds it unreadable again.
    /// </summary>
    /// <returns>As for appends.</returns>
    public Task<ErrorCode> TakeOverAsync()
    {
        _replayed = _chain.State.Durable;
        return LeadAsync();
    }

    /// <summary>
    /// Checks storage for another owner: whether this instance has every record that was durable <paramref name="maxAge"/> ago; with zero,
    /// at the time of the call. Reads one object, or two before the first append, unless storage was read or written within that time.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/> if it has; <see cref="ErrorCode.NotLeaderOrFollower"/> if another owner has taken over or appended,
    /// after which this instance is closed; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now.
    /// </returns>
    public async ValueTask<ErrorCode> CheckNewestAsync(TimeSpan maxAge)
    {
        var error = await _chain.HeadRefresh.EnsureNewestAsync(maxAge);

        // Taking an epoch may adopt records that were not replayed here, which closes this instance.
        return error == ErrorCode.None && _leading is { IsCompleted: false } leading ? await leading : error;
    }

    /// <summary>
    /// Deletes every object of the journal, the head last, and closes this instance. May be called on an instance that is not open, and
    /// again after a failure.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/> once nothing is left; <see cref="ErrorCode.CorruptMessage"/> if the head is damaged; or a storage
    /// error.
    /// </returns>
    public Task<ErrorCode> DeleteAsync() => _chain.DeleteAsync(CancellationToken.None);

    /// <summary>Closes the journal after the write in flight.</summary>
    public ValueTask DisposeAsync() => _chain.DisposeAsync();

    private Task<ErrorCode> Append(Item[] items)
    {
        foreach (var item in items)
        {
            _bytesSinceSnapshot += item.Bytes.Length;
        }

        return _chain.Append(items).Chunk.Ended;
    }

    /// <summary>
    /// Takes an epoch and then starts the waiting appends. If another owner has appended since the replay, this instance lacks those
    /// records: it is stale and closes, although it could append.
    /// </summary>
    private async Task<ErrorCode> LeadAsync()
    {
        var error = await _chain.TakeEpochAsync(CancellationToken.None);
        if (error == ErrorCode.None && _chain.State.Durable != _replayed)
        {
            error = ErrorCode.NotLeaderOrFollower;
            _chain.Close(error, "Another owner has appended to the journal.");
        }

        while (_waiting.TryDequeue(out var append))
        {
            append.End(error == ErrorCode.None ? Append(append.Items) : Task.FromResult(error));
        }

        return error;
    }

    private async Task<ErrorCode> ReplayAsync(Action<ReadOnlySpan<byte>> snapshot, Action<ReadOnlySpan<byte>> record)
    {
        var state = _chain.State;
        var objects = new List<ChainEntry>();
        if (!await new EntryWalk(_chain.Loader).CollectAsync(state.Head.Entries, objects))
        {
            return ErrorCode.KafkaStorageError;
        }

        objects.RemoveAll(entry => entry.Kind == ObjectKind.Page);
        foreach (var entry in (List<ChainEntry>)[.. objects, .. state.Tail])
        {
            var error = await ReplayAsync(entry, snapshot, record);
            if (error != ErrorCode.None)
            {
                return error;
            }
        }

        return _replayed == state.Durable ? ErrorCode.None : ErrorCode.CorruptMessage;
    }

    private async Task<ErrorCode> ReplayAsync(ChainEntry entry, Action<ReadOnlySpan<byte>> snapshot, Action<ReadOnlySpan<byte>> record)
    {
        var loaded = await _chain.Loader.LoadAsync(entry);
        if (loaded.Object is not { } found)
        {
            return loaded.Status == FetchStatus.Unreachable ? ErrorCode.KafkaStorageError : ErrorCode.CorruptMessage;
        }

        if (found.Header.Kind == ObjectKind.Snapshot)
        {
            snapshot(found.Body.IsEmpty ? [] : found.Body[0].Span);
            (_replayed, _snapshotBytes) = (found.Header.End, found.Header.BodyBytes);
            return ErrorCode.None;
        }

        if (found.Header.Base != _replayed || !JournalRecordFormat.TryReadAll(found, record))
        {
            return ErrorCode.CorruptMessage;
        }

        _replayed = found.Header.End;
        _bytesSinceSnapshot += found.Header.BodyBytes;
        return ErrorCode.None;
    }

    /// <summary>An append that waits for this instance to take an epoch.</summary>
    private sealed class WaitingAppend(Item[] items)
    {
        private readonly TaskCompletionSource<Task<ErrorCode>> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Item[] Items => items;

        public async Task<ErrorCode> EndedAsync() => await await _started.Task;

        public void End(Task<ErrorCode> fate) => _started.SetResult(fate);
    }
}
