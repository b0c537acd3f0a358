using Loire.Log.Objects;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Chains;

/// <summary>
/// One ordered log of any items in grain storage: many small immutable chunks, one per group commit, and one small head that lists older
/// ones (README). Everything runs on the owner's scheduler. The chain closes itself permanently when another writer has taken over, when
/// storage accepts no more writes, or when the outcome of a write is still unknown at the deadline; it then invokes
/// <see cref="ClosedItself"/> and serves nothing more. A refused write does not close it: everything pending fails, as if it had never been
/// appended.
/// </summary>
internal sealed class Chain
{
    private readonly ChainObjects _store;
    private readonly ChainRecovery _recovery;
    private readonly Leadership _leadership;
    private readonly AppendQueue _queue;
    private readonly ChunkWriter _writer;
    private readonly CancellationTokenSource _closing = new();
    private readonly TimeProvider _time;
    private ChainState? _state;
    private Task<ErrorCode>? _taking;
    private bool _isStopCertain = true;

    /// <summary>Creates a chain that is not open yet.</summary>
    /// <param name="storage">Stores the objects.</param>
    /// <param name="id">The name of the log.</param>
    /// <param name="writer">A random id that no other instance has used.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="format">The layout of items in chunks.</param>
    /// <param name="cache">Caches objects.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isNameReused">Whether a log may be created under the name after one was deleted, so that each creation needs keys of its
    /// own (<see cref="ObjectKey"/>).</param>
    public Chain(
        IGrainStorage storage, string id, Guid writer, ChainOptions options, ItemFormat format, ObjectCache cache, TimeProvider time,
        bool isNameReused)
    {
        if (options.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        var name = new LogName(id);
        (Writer, Options, _time, IsNameReused) = (writer, options, time, isNameReused);
        _store = new ChainObjects(new StorageCalls(storage, name, writer, options, time), name);
        Loader = new ObjectLoader(_store, cache, options, time);
        SegmentMaintenance = new SegmentMaintenance(this, _store, Loader);
        _recovery = new ChainRecovery(_store, cache, options, time);
        _leadership = new Leadership(this, _store, _recovery, time);
        HeadRefresh = new HeadRefresh(this, _store, _recovery, time);
        _queue = new AppendQueue(options, time);
        _writer = new ChunkWriter(this, _store, _queue, format, time);
    }

    /// <summary>The id of this instance, which marks its writes.</summary>
    public Guid Writer { get; }

    /// <summary>Whether each creation of the log has keys of its own.</summary>
    public bool IsNameReused { get; }

    /// <summary>The bounds of the chain.</summary>
    public ChainOptions Options { get; }

    /// <summary>Loads objects of the chain.</summary>
    public ObjectLoader Loader { get; }

    /// <summary>Detects whether another leader has rearranged the chain.</summary>
    public HeadRefresh HeadRefresh { get; }

    /// <summary>Merges and lists chunks, so that opening stays cheap.</summary>
    public SegmentMaintenance SegmentMaintenance { get; }

    /// <summary>Whether the chain has been read.</summary>
    public bool IsOpen => _state is not null;

    /// <summary>The known state of the chain; it must be open.</summary>
    public ChainState State
    {
        get
        {
            Invariant.Check(_state is not null, "a log is opened before it is used");
            return _state;
        }
    }

    /// <summary>Whether this instance may append.</summary>
    public bool Leads { get; private set; }

    /// <summary>Whether this instance is taking an epoch, which changes the head.</summary>
    public bool IsTakingEpoch => _taking is { IsCompleted: false };

    /// <summary>Completes when this instance is not taking an epoch; never throws.</summary>
    public Task EpochTaken => IsTakingEpoch ? WhenAsync(_taking!) : Task.CompletedTask;

    /// <summary>The epoch that this instance took; before that, the newest one known.</summary>
    public LeaderEpoch Epoch { get; private set; } = LeaderEpoch.None;

    /// <summary>The position that the next item gets.</summary>
    public Offset End => Leads ? _queue.End : State.Durable;

    /// <summary>Bytes of items whose outcome is not known yet.</summary>
    public long PendingBytes => _queue.Bytes;

    /// <summary>Whether nothing is pending.</summary>
    public bool IsIdle => _queue.IsIdle;

    /// <summary>Whether the chain is closed.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>A human-readable reason why the chain closed itself; null if it has not.</summary>
    public string? CloseReason { get; private set; }

    /// <summary>The error of appends and reads once the chain is closed.</summary>
    public ErrorCode ClosedError { get; private set; } = ErrorCode.NotLeaderOrFollower;

    /// <summary>Invoked when <see cref="ChainState.Durable"/> has grown.</summary>
    public Action? Advanced { get; set; }

    /// <summary>Invoked for each pending chunk that will never be durable.</summary>
    public Action<PendingChunk, ErrorCode>? Failed
    {
        get => _queue.Failed;
        set => _queue.Failed = value;
    }

    /// <summary>Invoked once when the chain has closed itself.</summary>
    public Action<ErrorCode>? ClosedItself { get; set; }

    /// <summary>Reads the chain as <see cref="ChainRecovery"/> does.</summary>
    public async Task<ErrorCode> OpenAsync(CancellationToken cancellation)
    {
        Invariant.Check(_state is null, "a log is opened once");
        var start = _time.GetTimestamp();
        var (error, state) = await _recovery.ReadAsync(cancellation);
        if (IsClosed)
        {
            return ClosedError;
        }

        if (state is not null)
        {
            (_state, Epoch) = (state, state.NewestEpoch);
            HeadRefresh.Confirm(start);
        }

        return error;
    }

    /// <summary>Takes the next epoch as <see cref="Leadership"/> does; concurrent callers share the attempt.</summary>
    public async Task<ErrorCode> TakeEpochAsync(CancellationToken cancellation)
    {
        if (IsClosed)
        {
            return ClosedError;
        }

        if (Leads)
        {
            return ErrorCode.None;
        }

        var taking = IsTakingEpoch ? _taking! : _taking = _leadership.TakeAsync(cancellation);
        var error = await taking;
        if (error != ErrorCode.None || IsClosed)
        {
            return error != ErrorCode.None ? error : ClosedError;
        }

        SegmentMaintenance.Poke();
        return ErrorCode.None;
    }

    /// <summary>Assigns positions to items, all in one chunk; returns the chunk and the position of the first item.</summary>
    public (PendingChunk Chunk, Offset Base) Append(ReadOnlySpan<Item> items)
    {
        Invariant.Check(Leads && !IsClosed, "only a leader appends");
        var position = _queue.End;
        var chunk = _queue.Add(items);
        _writer.Start();
        return (chunk, position);
    }

    /// <summary>Waits until more may be pending.</summary>
    public ValueTask<ErrorCode> WaitForRoomAsync(long bytes, CancellationToken cancellation)
    {
        if (IsClosed)
        {
            return new ValueTask<ErrorCode>(ClosedError);
        }

        var room = _queue.WaitForRoomAsync(bytes, cancellation);
        _writer.Press();
        return room;
    }

    /// <summary>Replaces all durable items by a snapshot; nothing may be pending.</summary>
    public async Task<ErrorCode> SnapshotAsync(ReadOnlyMemory<byte> snapshot)
    {
        Invariant.Check(Leads && IsIdle, "a snapshot is taken while nothing is pending");
        Task<ErrorCode> work;
        using (_writer.Hold())
        {
            while (!SegmentMaintenance.Running.IsCompleted)
            {
                await SegmentMaintenance.Running;
            }

            if (IsClosed)
            {
                return ClosedError;
            }

            work = SegmentMaintenance.SnapshotAsync(snapshot);
        }

        return await work;
    }

    /// <summary>Deletes the log as <see cref="Deletion"/> does, and closes this instance.</summary>
    public async Task<ErrorCode> DeleteAsync(CancellationToken cancellation)
    {
        await StopAsync();
        return await new Deletion(this, _store, Loader).RunAsync(cancellation);
    }

    /// <summary>
    /// Closes the chain, waits for what is in flight, and fails what is queued behind it. A leader none of whose writes is in doubt records
    /// in the head that it will not write again; otherwise, or if that write fails, the next leader assumes that it may.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await RemoveUnusedAsync();
        var led = Leads;
        await StopAsync();
        if (led && _isStopCertain)
        {
            await _leadership.ResignAsync();
        }
    }

    /// <summary>
    /// Removes the head of a creation that was given up, or whose first write arrived late: no instance has led the log, so nothing else would
    /// ever remove the head of a name that is not used again. A creation in progress fails and may be tried again: an epoch is taken
    /// first, so nothing that was acknowledged is deleted.
    /// </summary>
    private async Task RemoveUnusedAsync()
    {
        if (IsNameReused && !IsClosed && !Leads && _taking is null
            && _state is { HeadETag: not null, Head.Revision: 0, NextOrdinal: 0 }
            && await TakeEpochAsync(CancellationToken.None) == ErrorCode.None
            && State.Durable == Offset.Zero)
        {
            await StopAsync();
            _ = await new Deletion(this, _store, Loader).RunAsync(CancellationToken.None, Epoch);
        }
    }

    private static async Task WhenAsync(Task ended) =>
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private async Task StopAsync()
    {
        if (!IsClosed)
        {
            Shut(ErrorCode.NotLeaderOrFollower);
        }

        // Callers of TakeEpochAsync get its failure; here it only has to be complete.
        await Task.WhenAll(_writer.Running, SegmentMaintenance.Running, _taking ?? Task.CompletedTask)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <summary>Closes the chain and notifies its owner.</summary>
    /// <param name="error">The error of everything that is pending or waits for room.</param>
    /// <param name="reason">A human-readable reason.</param>
    public void Close(ErrorCode error, string reason)
    {
        // Also while the owner closes the chain: the write that failed may still reach storage.
        _isStopCertain = false;
        if (IsClosed)
        {
            return;
        }

        CloseReason = reason;
        Options.Metrics.Closures.Add(1);
        Shut(error);
        ClosedItself?.Invoke(error);
    }

    /// <summary>
    /// Handles a write that was not done: closes the chain unless the write was refused. Returns the error for its caller.
    /// </summary>
    public ErrorCode Fail(WriteOutcome outcome)
    {
        switch (outcome)
        {
            case WriteOutcome.Refused:
                Options.Metrics.RefusedChunks.Add(1);
                return ErrorCode.KafkaStorageError;
            case WriteOutcome.Broken:
                Close(ErrorCode.KafkaStorageError, $"Storage accepts no more writes. {_store.LastProblem}");
                return ErrorCode.KafkaStorageError;
            case WriteOutcome.InDoubt:
                Close(ErrorCode.RequestTimedOut, $"The outcome of a write stayed unknown. {_store.LastProblem}");
                return ErrorCode.RequestTimedOut;
            default:
                Close(ErrorCode.NotLeaderOrFollower, "Another writer has taken over the log.");
                return ErrorCode.NotLeaderOrFollower;
        }
    }

    /// <summary>Makes this instance the leader of an epoch that it has taken.</summary>
    public void Lead(LeaderEpoch epoch)
    {
        State.AssertInvariants();
        Epoch = epoch;
        _queue.Reset(State.Durable);
        Leads = !IsClosed;
    }

    /// <summary>
    /// Replaces the state after another leader has rearranged the chain. False if what was read ends before what is known: our end was the guess of
    /// a damaged chunk, or storage answered with the past. The chain has closed then, because its owner may have used that end.
    /// </summary>
    public bool TryReplace(ChainState read)
    {
        if (read.Durable < State.Durable)
        {
            Fail(WriteOutcome.Lost);
            return false;
        }

        _state = read;
        if (!Leads && read.NewestEpoch > Epoch)
        {
            Epoch = read.NewestEpoch;
        }

        Announce();
        return true;
    }

    /// <summary>Notifies the owner that the durable end has advanced.</summary>
    public void Announce() => Advanced?.Invoke();

    /// <summary>Waits before a retry; ends early when the chain closes.</summary>
    /// <param name="delay">How long; null for <see cref="ChainOptions.RetryDelayMax"/>.</param>
    /// <param name="sooner">Ends the wait when it completes.</param>
    public async Task PauseAsync(TimeSpan? delay = null, Task? sooner = null)
    {
        // Closed: the caller checks that first.
        var wait = sooner is null
            ? Task.Delay(delay ?? Options.RetryDelayMax, _time, _closing.Token)
            : sooner.WaitAsync(delay ?? Options.RetryDelayMax, _time, _closing.Token);
        await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private void Shut(ErrorCode error)
    {
        IsClosed = true;
        Leads = false;
        ClosedError = error == ErrorCode.KafkaStorageError ? error : ErrorCode.NotLeaderOrFollower;
        SegmentMaintenance.CountRefusal();
        _queue.FailWaiting(error);
        _queue.RefuseRoom(ClosedError);
        _closing.Cancel();
    }
}
