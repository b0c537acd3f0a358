namespace Loire.Client;

/// <summary>
/// Lets calls in one after the other, in the order in which they were made. A call that has to wait for something goes through it, and as
/// long as one does, so does every later call: that keeps the order of records whose calls are not awaited one by one.
/// </summary>
internal sealed class AsyncFifoLock
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiters = new();
    private bool _isTaken;

    /// <summary>Whether a call is inside.</summary>
    public bool IsTaken => Volatile.Read(ref _isTaken);

    /// <summary>Enters; who has entered must <see cref="Leave"/>.</summary>
    public ValueTask EnterAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_isTaken)
            {
                Volatile.Write(ref _isTaken, true);
                return default;
            }

            var waiter = new Waiter();
            _waiters.Enqueue(waiter);
            return cancellation.CanBeCanceled ? new(waiter.WaitAsync(cancellation)) : new(waiter.Task);
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            while (_waiters.TryDequeue(out var next))
            {
                if (next.TrySetResult())
                {
                    return;
                }
            }

            Volatile.Write(ref _isTaken, false);
        }
    }

    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public async Task WaitAsync(CancellationToken cancellation)
        {
            using var registration = cancellation.UnsafeRegister(
                static (state, token) => ((Waiter)state!).TrySetCanceled(token), this);
            await Task;
        }
    }
}
