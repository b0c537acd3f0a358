namespace Loire.Client;

/// <summary>
/// The memory budget of a producer's records. Callers that find no room wait in FIFO order, and later callers cannot overtake them.
/// Thread-safe.
/// </summary>
internal sealed class BufferMemory(long limit, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _used;
    private int _waiting;
    private bool _isClosed;

    /// <summary>Bytes in use.</summary>
    public long Used => Volatile.Read(ref _used);

    public long Limit => limit;

    /// <summary>Reserves room if it is available and no caller is waiting.</summary>
    public bool TryTake(long bytes) => Volatile.Read(ref _waiting) == 0 && TryAdd(bytes);

    /// <summary>Waits for room and reserves it.</summary>
    /// <exception cref="TimeoutException">No room became available in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; no room was reserved.</exception>
    /// <exception cref="ObjectDisposedException">The producer was disposed meanwhile.</exception>
    public async Task TakeAsync(long bytes, TimeSpan timeout, CancellationToken cancellation)
    {
        var waiter = new Waiter(this, bytes);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(IProducer<,>));
            Interlocked.Increment(ref _waiting);
            waiter.Place = _waiters.AddLast(waiter);

            // Room may have become available since the caller's first attempt.
            Grant();
        }

        using var timer = time.CreateTimer(static state => ((Waiter)state!).TimeOut(), waiter, timeout, Timeout.InfiniteTimeSpan);
        using var registration = cancellation.UnsafeRegister(static (state, token) => ((Waiter)state!).Cancel(token), waiter);
        await waiter.Task;
    }

    public void Release(long bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        if (Volatile.Read(ref _waiting) > 0)
        {
            lock (_lock)
            {
                Grant();
            }
        }
    }

    /// <summary>Ends all waits.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            while (_waiters.First is { } first)
            {
                Remove(first.Value);
                first.Value.TrySetException(new ObjectDisposedException(typeof(IProducer<,>).FullName));
            }
        }
    }

    private bool TryAdd(long bytes)
    {
        var used = Used;
        while (used + bytes <= limit)
        {
            var seen = Interlocked.CompareExchange(ref _used, used + bytes, used);
            if (seen == used)
            {
                return true;
            }

            used = seen;
        }

        return false;
    }

    private void Grant()
    {
        while (_waiters.First is { } first && TryAdd(first.Value.Bytes))
        {
            Remove(first.Value);
            first.Value.TrySetResult();
        }
    }

    private void Remove(Waiter waiter)
    {
        _waiters.Remove(waiter.Place!);
        waiter.Place = null;
        Interlocked.Decrement(ref _waiting);
    }

    // Only the code that removes a waiter from the list, under the lock, completes it.
    private sealed class Waiter(BufferMemory owner, long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Bytes => bytes;

        public LinkedListNode<Waiter>? Place { get; set; }

        public void TimeOut()
        {
            if (TryLeave())
            {
                TrySetException(new TimeoutException());
            }
        }

        public void Cancel(CancellationToken cancellation)
        {
            if (TryLeave())
            {
                TrySetCanceled(cancellation);
            }
        }

        private bool TryLeave()
        {
            lock (owner._lock)
            {
                if (Place is null)
                {
                    return false;
                }

                owner.Remove(this);

                // The waiters behind may need less room.
                owner.Grant();
                return true;
            }
        }
    }
}
