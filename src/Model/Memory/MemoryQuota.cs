namespace Loire.Model.Memory;

/// <summary>
/// The bytes that one kind of work may hold at once in a process. Callers take memory before they use it and
/// return it afterwards; without room they wait in order of arrival or are refused. A caller that holds everything taken so far may exceed
/// the capacity, so that a small capacity delays work but never stops it. Thread-safe.
/// </summary>
public sealed class MemoryQuota
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private long _taken;

    /// <summary>Creates a quota.</summary>
    /// <param name="capacityBytes">The bytes that may be taken at once; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    public MemoryQuota(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, 1);
        CapacityBytes = capacityBytes;
    }

    /// <summary>The bytes that may be taken at once.</summary>
    public long CapacityBytes { get; }

    /// <summary>The bytes that are taken. More than the capacity after <see cref="Take"/>, or if a single amount is larger.</summary>
    public long TakenBytes => Volatile.Read(ref _taken);

    /// <summary>A quota that never refuses.</summary>
    public static MemoryQuota Unlimited() => new(long.MaxValue);

    /// <summary>Takes an amount if it fits and nobody waits.</summary>
    /// <param name="bytes">The amount; not negative.</param>
    /// <param name="held">What the caller holds already.</param>
    /// <returns>Whether it was taken.</returns>
    public bool TryTake(long bytes, long held = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (_lock)
        {
            if (_waiters.Count > 0 || !Fits(bytes, held))
            {
                return false;
            }

            _taken += bytes;
            return true;
        }
    }

    /// <summary>Takes an amount whether or not it fits, for memory that exists already: later requests wait for it.</summary>
    /// <param name="bytes">The amount; not negative.</param>
    public void Take(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (_lock)
        {
            _taken += bytes;
        }
    }

    /// <summary>Takes an amount, waiting for it behind those that wait already.</summary>
    /// <param name="bytes">The amount; not negative.</param>
    /// <param name="wait">The longest wait; <see cref="Timeout.InfiniteTimeSpan"/> for no bound.</param>
    /// <param name="time">The clock of the wait.</param>
    /// <param name="cancellation">Ends the wait; then nothing is taken.</param>
    /// <param name="held">What the caller holds already, and keeps while it waits.</param>
    /// <returns>Whether it was taken in time.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<bool> TakeAsync(
        long bytes, TimeSpan wait, TimeProvider time, CancellationToken cancellation = default, long held = 0) =>
        TryTake(bytes, held) ? new ValueTask<bool>(true) : new ValueTask<bool>(WaitAsync(new Waiter(bytes, held), wait, time, cancellation));

    /// <summary>Returns an amount that was taken.</summary>
    /// <param name="bytes">The amount; not negative.</param>
    public void Return(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (_lock)
        {
            Invariant.Check(bytes <= _taken, "only what was taken is returned");
            _taken -= bytes;
            GrantWhatFits();
        }
    }

    private async Task<bool> WaitAsync(Waiter waiter, TimeSpan wait, TimeProvider time, CancellationToken cancellation)
    {
        lock (_lock)
        {
            waiter.Place = _waiters.AddLast(waiter);
            GrantWhatFits();
        }

        try
        {
            await waiter.Granted.Task.WaitAsync(wait, time, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return !TryLeave(waiter);
        }
        catch (OperationCanceledException)
        {
            if (!TryLeave(waiter))
            {
                Return(waiter.Bytes);
            }

            throw;
        }
    }

    /// <summary>Removes a waiter; false if it has been granted its amount.</summary>
    private bool TryLeave(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Place is not { } place)
            {
                return false;
            }

            _waiters.Remove(place);
            waiter.Place = null;

            // Those behind it may have waited for it alone.
            GrantWhatFits();
            return true;
        }
    }

    private void GrantWhatFits()
    {
        while (_waiters.First is { } first && Fits(first.Value.Bytes, first.Value.Held))
        {
            _waiters.RemoveFirst();
            first.Value.Place = null;
            _taken += first.Value.Bytes;
            first.Value.Granted.SetResult();
        }
    }

    private bool Fits(long bytes, long held) => _taken == held || bytes <= CapacityBytes - _taken;

    private sealed class Waiter(long bytes, long held)
    {
        public long Bytes => bytes;

        public long Held => held;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Null once it has been granted its amount or has left.</summary>
        public LinkedListNode<Waiter>? Place { get; set; }
    }
}
