using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// What waits for storage: positions are assigned on arrival, items that arrive while a chunk is being written form the next one (group
/// commit), and fates are announced in the order of arrival. Bounded for those who ask for room first. Purely synchronous but for that
/// wait.
/// </summary>
internal sealed class AppendQueue(ChainOptions options, TimeProvider time)
{
    private readonly Queue<PendingChunk> _chunks = new();
    private readonly Queue<RoomRequest> _roomRequests = new();
    private PendingChunk? _taken;
    private PendingChunk? _last;
    private long _granted;

    /// <summary>The position that the next item gets.</summary>
    public Offset End { get; private set; }

    /// <summary>Bytes of items whose fate is open.</summary>
    public long Bytes { get; private set; }

    /// <summary>Invoked for each chunk that will never be durable, in the order of the chunks unless one is being written.</summary>
    public Action<PendingChunk, ErrorCode>? Failed { get; set; }

    /// <summary>Whether the fate of nothing is open.</summary>
    public bool IsIdle => IsEmpty && _taken is null;

    /// <summary>Whether no chunk waits to be taken.</summary>
    public bool IsEmpty => _chunks.Count == 0;

    /// <summary>Takes items, all into the same chunk.</summary>
    public PendingChunk Add(ReadOnlySpan<Item> items)
    {
        var (bytes, positions) = (0L, 0L);
        foreach (ref readonly var item in items)
        {
            Invariant.Check(item.Positions > 0, "an item takes a position");
            bytes += item.Bytes.Length;
            positions += item.Positions;
        }

        Invariant.Check(positions <= ChainState.MaxChunkPositions, "an append fits a chunk");
        if (_last is null || _last.Bytes + bytes > options.ChunkBytes || _last.End - _last.Base + positions > ChainState.MaxChunkPositions)
        {
            _last = new PendingChunk(End, time.GetTimestamp());
            _chunks.Enqueue(_last);
        }

        foreach (ref readonly var item in items)
        {
            _last.Add(item);
        }

        End = _last.End;
        Bytes += bytes;
        _granted = Math.Max(0, _granted - bytes);
        return _last;
    }

    /// <summary>The chunk to write next; nothing joins it any more.</summary>
    public PendingChunk Take()
    {
        Invariant.Check(_taken is null, "one chunk is written at a time");
        _taken = _chunks.Dequeue();
        if (_last == _taken)
        {
            _last = null;
        }

        return _taken;
    }

    /// <summary>Announces that the chunk taken is durable.</summary>
    public void Commit()
    {
        FinishTaken(ErrorCode.None);
        GrantRoom();
    }

    /// <summary>
    /// Announces the fate of the chunk taken, then one for all that wait behind it, and goes back to the position <paramref name="end"/>.
    /// </summary>
    public void Fail(ErrorCode taken, ErrorCode waiting, Offset end)
    {
        FinishTaken(taken);
        FailWaiting(waiting);
        End = end;
        GrantRoom();
    }

    /// <summary>Announces one fate for everything but the chunk taken, whose fate storage decides.</summary>
    public void FailWaiting(ErrorCode fate)
    {
        while (_chunks.TryDequeue(out var chunk))
        {
            Finish(chunk, fate);
        }

        _last = null;
    }

    /// <summary>Says where the next item goes, while none waits.</summary>
    public void Reset(Offset end)
    {
        Invariant.Check(IsIdle, "positions that are assigned do not change");
        End = end;
    }

    /// <summary>Waits, in order, until <paramref name="bytes"/> more may wait, or until nothing else does.</summary>
    public ValueTask<ErrorCode> WaitForRoomAsync(long bytes, CancellationToken cancellation)
    {
        if (_roomRequests.Count == 0 && Fits(bytes))
        {
            return new ValueTask<ErrorCode>(ErrorCode.None);
        }

        var request = new RoomRequest(bytes, cancellation);
        _roomRequests.Enqueue(request);
        return new ValueTask<ErrorCode>(request.Granted);
    }

    /// <summary>Ends all waits for room.</summary>
    public void RefuseRoom(ErrorCode error)
    {
        while (_roomRequests.TryDequeue(out var request))
        {
            request.End(error);
        }
    }

    private void FinishTaken(ErrorCode fate)
    {
        if (_taken is { } chunk)
        {
            _taken = null;
            Finish(chunk, fate);
        }
    }

    private void Finish(PendingChunk chunk, ErrorCode fate)
    {
        Bytes -= chunk.Bytes;
        chunk.Finish(fate);
        if (fate != ErrorCode.None)
        {
            Failed?.Invoke(chunk, fate);
        }
    }

    private bool Fits(long bytes) => Bytes + _granted == 0 || Bytes + _granted + bytes <= options.PendingBytes;

    /// <summary>
    /// Room once granted counts as taken until its append comes, so that not all who wait rush in at once; whoever has not come when the
    /// next chunk ends has given up.
    /// </summary>
    private void GrantRoom()
    {
        _granted = 0;
        while (_roomRequests.TryPeek(out var request) && (request.IsOver || Fits(request.Bytes)))
        {
            _roomRequests.Dequeue();
            _granted += request.End(ErrorCode.None) ? request.Bytes : 0;
        }
    }

    /// <summary>One wait for room. A cancellation may come from any thread, so it touches nothing but its own task.</summary>
    private sealed class RoomRequest
    {
        private readonly TaskCompletionSource<ErrorCode> _granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenRegistration _registration;

        public RoomRequest(long bytes, CancellationToken cancellation)
        {
            Bytes = bytes;
            _registration = cancellation.UnsafeRegister(
                static (state, token) => ((RoomRequest)state!)._granted.TrySetCanceled(token), this);
        }

        public long Bytes { get; }

        public Task<ErrorCode> Granted => _granted.Task;

        public bool IsOver => _granted.Task.IsCompleted;

        public bool End(ErrorCode result)
        {
            _registration.Dispose();
            return _granted.TrySetResult(result);
        }
    }
}
