namespace Loire.Client;

/// <summary>
/// An asynchronous lock that admits calls in the order in which they were made. A call that has to wait for something takes it, and while
/// it is taken, so does every later call; this preserves the order of records whose calls are not awaited individually.
/// <para>
/// The call that releases the lock resumes the next one inline, until that one releases it or waits for something else. If the thread pool
/// resumed each call instead, callers would return with their next records before the lock is free, and once several callers had met at the
/// lock, none would reach the fast path again. A call that has waited must therefore return to its caller on another thread, and only after
/// it has released the lock.
/// </para>
/// </summary>
internal sealed class AsyncFifoLock
{
    // The lock that this thread is handing over, and whether the resumed call has already left.
    [ThreadStatic]
    private static AsyncFifoLock? _handedOver;

    [ThreadStatic]
    private static bool _hasLeft;

    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiters = new();
    private bool _isTaken;

    /// <summary>Whether a call holds the lock.</summary>
    public bool IsTaken => Volatile.Read(ref _isTaken);

    /// <summary>Takes the lock; every call that has entered must <see cref="Leave"/>.</summary>
    /// <returns>Whether the call had to wait; if so, it may be running on another call's thread until it yields.</returns>
    public ValueTask<bool> EnterAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_isTaken)
            {
                Volatile.Write(ref _isTaken, true);
                return new(false);
            }

            var waiter = new Waiter();
            _waiters.Enqueue(waiter);
            return new(waiter.WaitAsync(cancellation));
        }
    }

    /// <summary>Releases the lock and admits the next call.</summary>
    public void Leave()
    {
        if (_handedOver == this)
        {
            // The loop below resumed this call and will continue with the next one.
            _hasLeft = true;
            return;
        }

        while (TryHandOver())
        {
        }
    }

    /// <summary>Admits one call.</summary>
    /// <returns>Whether it has already left.</returns>
    private bool TryHandOver()
    {
        var outer = (_handedOver, _hasLeft);
        (_handedOver, _hasLeft) = (this, false);
        try
        {
            bool isEntered;
            do
            {
                Waiter? next;
                lock (_lock)
                {
                    if (!_waiters.TryDequeue(out next))
                    {
                        Volatile.Write(ref _isTaken, false);
                        return false;
                    }
                }

                // False if it was cancelled.
                isEntered = next.TrySetResult();
            }
            while (!isEntered);
            return _hasLeft;
        }
        finally
        {
            (_handedOver, _hasLeft) = outer;
        }
    }

    private sealed class Waiter : TaskCompletionSource
    {
        public async Task<bool> WaitAsync(CancellationToken cancellation)
        {
            using var registration = cancellation.UnsafeRegister(
                static (state, token) => ((Waiter)state!).TrySetCanceled(token), this);
            try
            {
                await Task;
            }
            catch (OperationCanceledException)
            {
                // Do not continue on the thread of the canceller.
                await System.Threading.Tasks.Task.Yield();
                throw;
            }

            return true;
        }
    }
}
