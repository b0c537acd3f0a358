using Loire.Log.Objects;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Chains;

/// <summary>
/// One ordered log in grain storage, whatever its items are: many small immutable chunks, one group commit each, and one small head that
/// lists older ones (README). All of it runs on the owner's scheduler. It closes by itself, once and for good, when another writer has
/// taken over, when storage serves no more writes, and when a write is still in doubt at the deadline; then it says so through
/// <see cref="ClosedItself"/> and serves nothing more. A refused write closes nothing: all that is pending goes back as if it had never
/// come.
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

    /// <summary>A chain that is not read yet.</summary>
    public Chain(
        IGrainStorage storage, string id, Guid writer, ChainOptions options, ItemFormat format, ObjectCache cache, TimeProvider time)
    {
        if (options.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        var name = new LogName(id);
        (Writer, Options, _time) = (writer, options, time);
        _store = new ChainObjects(new StorageCalls(storage, name, writer, options, time), name);
        Loader = new ObjectLoader(_store, cache);
        SegmentMaintenance = new SegmentMaintenance(this, _store, Loader);
        _recovery = new ChainRecovery(_store, cache);
        _leadership = new Leadership(this, _store, _recovery);
        HeadRefresh = new HeadRefresh(this, _store, _recovery);
        _queue = new AppendQueue(options, time);
        _writer = new ChunkWriter(this, _store, _queue, format, time);
    }

    /// <summary>Tells this instance's writes from all others'.</summary>
    public Guid Writer { get; }

    /// <summary>Bounds.</summary>
    public ChainOptions Options { get; }

    /// <summary>Reads objects.</summary>
    public ObjectLoader Loader { get; }

    /// <summary>Tells whether somebody else has rearranged the chain.</summary>
    public HeadRefresh HeadRefresh { get; }

    /// <summary>Keeps the chain cheap to open.</summary>
    public SegmentMaintenance SegmentMaintenance { get; }

    /// <summary>Whether the chain has been read.</summary>
    public bool IsOpen => _state is not null;

    /// <summary>What is known of the chain, once it is open.</summary>
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

    /// <summary>Whether this instance is about to lead, and changes the head to that end.</summary>
    public bool IsTakingEpoch => _taking is { IsCompleted: false };

    /// <summary>The epoch that this instance took; before that, the newest one known.</summary>
    public LeaderEpoch Epoch { get; private set; } = LeaderEpoch.None;

    /// <summary>The position that the next item gets.</summary>
    public Offset End => Leads ? _queue.End : State.Durable;

    /// <summary>Bytes of items whose fate is open.</summary>
    public long PendingBytes => _queue.Bytes;

    /// <summary>Whether the fate of nothing is open.</summary>
    public bool IsIdle => _queue.IsIdle;

    /// <summary>Whether the chain takes nothing more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Why it closed by itself, in one sentence for a person; null if it did not.</summary>
    public string? CloseReason { get; private set; }

    /// <summary>What an append or a read is told once the chain is closed.</summary>
    public ErrorCode ClosedError { get; private set; } = ErrorCode.NotLeaderOrFollower;

    /// <summary>Invoked when <see cref="ChainState.Durable"/> has grown.</summary>
    public Action? Advanced { get; set; }

    /// <summary>Invoked for each chunk of ours that will never be durable.</summary>
    public Action<PendingChunk, ErrorCode>? Failed
    {
        get => _queue.Failed;
        set => _queue.Failed = value;
    }

    /// <summary>Invoked once when the chain has closed by itself.</summary>
    public Action<ErrorCode>? ClosedItself { get; set; }

    /// <summary>Reads the chain as <see cref="ChainRecovery"/> does.</summary>
    public async Task<ErrorCode> OpenAsync(CancellationToken cancellation)
    {
        Invariant.Check(_state is null, "a log is opened once");
        var (error, state) = await _recovery.ReadAsync(cancellation);
        if (IsClosed)
        {
            return ClosedError;
        }

        if (state is not null)
        {
            (_state, Epoch) = (state, state.NewestEpoch);
        }

        return error;
    }

    /// <summary>Takes the next epoch as <see cref="Leadership"/> does; whoever asks meanwhile shares the attempt.</summary>
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

    /// <summary>Gives items their positions, all in one chunk; returns the chunk and the position of the first.</summary>
    public (PendingChunk Chunk, Offset Base) Append(ReadOnlySpan<Item> items)
    {
        Invariant.Check(Leads && !IsClosed, "only a leader appends");
        var position = _queue.End;
        var chunk = _queue.Add(items);
        _writer.Start();
        return (chunk, position);
    }

    /// <summary>Waits until more may be pending.</summary>
    public ValueTask<ErrorCode> WaitForRoomAsync(long bytes, CancellationToken cancellation) =>
        IsClosed ? new ValueTask<ErrorCode>(ClosedError) : _queue.WaitForRoomAsync(bytes, cancellation);

    /// <summary>Replaces everything durable by a snapshot; nothing may be pending.</summary>
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

    /// <summary>Deletes the log as <see cref="Deletion"/> does; this instance is closed by it.</summary>
    public async Task<ErrorCode> DeleteAsync(CancellationToken cancellation)
    {
        await StopAsync();
        return await new Deletion(this, _store, Loader).RunAsync(cancellation);
    }

    /// <summary>
    /// Takes nothing more, waits for what is under way, and fails what is behind it. A leader that stops so says in the head that it will
    /// not write again; if that cannot be said now, the next leader makes do without.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var led = Leads;
        await StopAsync();
        if (led && CloseReason is null)
        {
            await _leadership.ResignAsync();
        }
    }

    private async Task StopAsync()
    {
        if (!IsClosed)
        {
            Shut(ErrorCode.NotLeaderOrFollower);
        }

        // Whoever asked for an epoch hears of its failure; here it only has to be over.
        await Task.WhenAll(_writer.Running, SegmentMaintenance.Running, _taking ?? Task.CompletedTask)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <summary>Closes the chain by itself.</summary>
    /// <param name="error">What whoever waits is told, and the owner.</param>
    /// <param name="reason">One sentence for a person.</param>
    public void Close(ErrorCode error, string reason)
    {
        if (IsClosed)
        {
            return;
        }

        CloseReason = reason;
        Options.Metrics.Closures.Add(1);
        Shut(error);
        ClosedItself?.Invoke(error);
    }

    /// <summary>Does what a write that is not done calls for; returns what to tell whoever wanted it.</summary>
    public ErrorCode Fail(WriteOutcome outcome)
    {
        switch (outcome)
        {
            case WriteOutcome.Refused:
                Options.Metrics.RefusedChunks.Add(1);
                return ErrorCode.KafkaStorageError;
            case WriteOutcome.Broken:
                Close(ErrorCode.KafkaStorageError, $"Storage serves no more writes. {_store.LastProblem}");
                return ErrorCode.KafkaStorageError;
            case WriteOutcome.InDoubt:
                Close(ErrorCode.RequestTimedOut, $"The outcome of a write stayed unknown. {_store.LastProblem}");
                return ErrorCode.RequestTimedOut;
            default:
                Close(ErrorCode.NotLeaderOrFollower, "Another writer has taken over the log.");
                return ErrorCode.NotLeaderOrFollower;
        }
    }

    /// <summary>Starts to lead.</summary>
    public void Lead(LeaderEpoch epoch)
    {
        State.AssertInvariants();
        Epoch = epoch;
        _queue.Reset(State.Durable);
        Leads = !IsClosed;
    }

    /// <summary>Takes over a fresh look at a chain that another leader has rearranged.</summary>
    public void LookAgain(ChainState read)
    {
        Invariant.Check(read.Durable >= State.Durable, "what was durable stays so");
        _state = read;
        Announce();
    }

    /// <summary>Tells the owner that the durable positions have grown.</summary>
    public void Announce() => Advanced?.Invoke();

    /// <summary>Waits a while before something is tried again; ends early when the chain closes.</summary>
    public async Task PauseAsync()
    {
        try
        {
            await Task.Delay(Options.RetryDelayMax, _time, _closing.Token);
        }
        catch (OperationCanceledException)
        {
            // Closed: whoever waits looks at that first.
        }
    }

    private void Shut(ErrorCode error)
    {
        IsClosed = true;
        Leads = false;
        ClosedError = error == ErrorCode.KafkaStorageError ? error : ErrorCode.NotLeaderOrFollower;
        _queue.FailWaiting(error);
        _queue.RefuseRoom(ClosedError);
        _closing.Cancel();
    }
}
