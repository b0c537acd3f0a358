using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// The items that wait for storage: positions are assigned on arrival, items that arrive while a chunk is being written form the next one
/// (group commit), and outcomes are announced in order of arrival. Bounded for callers that wait for room first. Synchronous except for
/// that wait.
/// </summary>
internal sealed class AppendQueue(ChainOptions options, TimeProvider time)
{
    private readonly Queue<PendingChunk> _chunks = new();
    private readonly LinkedList<RoomRequest> _roomRequests = new();
    private PendingChunk? _taken;
    private PendingChunk? _last;
    private long _granted;

    /// <summary>The position that the next item gets.</summary>
    public Offset End { get; private set; }

    /// <summary>Bytes of items whose outcome is not known yet.</summary>
    public long Bytes { get; private set; }

    /// <summary>Invoked for each chunk that will never be durable, in the order of the chunks except for one in flight.</summary>
    public Action<PendingChunk, ErrorCode>? Failed { get; set; }

    /// <summary>Whether nothing is pending.</summary>
    public bool IsIdle => IsEmpty && _taken is null;

    /// <summary>Whether no chunk waits to be written.</summary>
    public bool IsEmpty => _chunks.Count == 0;

    /// <summary>Whether more should not gather: half of a chunk is there, or a caller waits for room.</summary>
    public bool IsPressing => _chunks.Count > 1 || WaitingForRoom > 0 || (_last is { } last && last.Bytes >= options.ChunkBytes / 2);

    /// <summary>How many callers wait for room.</summary>
    public int WaitingForRoom => _roomRequests.Count;

    /// <summary>Adds items, all to the same chunk.</summary>
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

    /// <summary>Takes the next chunk to write; no more items are added to it.</summary>
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
    /// Announces the outcome of the chunk taken, fails all chunks behind it, and resets the next position to <paramref name="end"/>.
    /// </summary>
    public void Fail(ErrorCode taken, ErrorCode waiting, Offset end)
    {
        FinishTaken(taken);
        FailWaiting(waiting);
        End = end;
        GrantRoom();
    }

    /// <summary>Fails everything except the chunk taken, whose outcome storage decides.</summary>
    public void FailWaiting(ErrorCode fate)
    {
        while (_chunks.TryDequeue(out var chunk))
        {
            Finish(chunk, fate);
        }

        _last = null;
    }

    /// <summary>Sets the position of the next item, while none is pending.</summary>
    public void Reset(Offset end)
    {
        Invariant.Check(IsIdle, "positions that are assigned do not change");
        End = end;
    }

    /// <summary>Waits, in order of arrival, until <paramref name="bytes"/> more may be pending, or until nothing else is.</summary>
    public ValueTask<ErrorCode> WaitForRoomAsync(long bytes, CancellationToken cancellation)
    {
        if (_roomRequests.Count == 0 && Fits(bytes))
        {
            return new ValueTask<ErrorCode>(ErrorCode.None);
        }

        return new ValueTask<ErrorCode>(WaitForTurnAsync(bytes, cancellation));
    }

    /// <summary>Ends all waits for room with an error.</summary>
    public void RefuseRoom(ErrorCode error)
    {
        while (_roomRequests.First is { } first)
        {
            _roomRequests.RemoveFirst();
            first.Value.End(error);
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
    /// Granted room counts as taken until its append arrives, so that not all waiting callers proceed at once. A grant that is still unused
    /// when the next chunk completes is abandoned.
    /// </summary>
    private void GrantRoom()
    {
        _granted = 0;
        GrantWhatFits();
    }

    private void GrantWhatFits()
    {
        while (_roomRequests.First is { } first && (first.Value.IsOver || Fits(first.Value.Bytes)))
        {
            _roomRequests.RemoveFirst();
            _granted += first.Value.End(ErrorCode.None) ? first.Value.Bytes : 0;
        }
    }

    private async Task<ErrorCode> WaitForTurnAsync(long bytes, CancellationToken cancellation)
    {
        var place = _roomRequests.AddLast(new RoomRequest(bytes, cancellation));
        try
        {
            return await place.Value.Granted;
        }
        catch (OperationCanceledException)
        {
            // Here and not in the cancellation, which may run on any thread. Those behind it may have waited for this request alone.
            if (place.List is not null)
            {
                _roomRequests.Remove(place);
                GrantWhatFits();
            }

            throw;
        }
    }

    /// <summary>A wait for room. A cancellation may run on any thread, so it only completes its own task.</summary>
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
