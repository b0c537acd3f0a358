namespace Loire.Client;

/// <summary>
/// Lets calls in one after the other, in the order in which they were made. A call that has to wait for something goes through it, and as
/// long as one does, so does every later call: that keeps the order of records whose calls are not awaited one by one.
/// <para>
/// The call that leaves runs the next one on its own thread, until that one leaves in turn or waits for something else. If the thread pool
/// resumed each call instead, callers would come back with their next records before the lock is free, and once several had met there none
/// would get past it again. So a call that has waited returns to its caller on another thread, and only after it has left.
/// </para>
/// </summary>
internal sealed class AsyncFifoLock
{
    // The lock that this thread hands over, and whether the call that it has resumed has left already.
    [ThreadStatic]
    private static AsyncFifoLock? _handedOver;

    [ThreadStatic]
    private static bool _hasLeft;

    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiters = new();
    private bool _isTaken;

    /// <summary>Whether a call is inside.</summary>
    public bool IsTaken => Volatile.Read(ref _isTaken);

    /// <summary>Enters; every call that has entered must <see cref="Leave"/>.</summary>
    /// <returns>Whether the call had to wait; then it may run on the thread of another one until it yields.</returns>
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

    /// <summary>Lets the next call in.</summary>
    public void Leave()
    {
        if (_handedOver == this)
        {
            // The loop below has resumed this call, and goes on with the next one.
            _hasLeft = true;
            return;
        }

        while (TryHandOver())
        {
        }
    }

    /// <summary>Lets one call in.</summary>
    /// <returns>Whether it has left already.</returns>
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
                // Not on the thread of the one that cancels.
                await System.Threading.Tasks.Task.Yield();
                throw;
            }

            return true;
        }
    }
}
