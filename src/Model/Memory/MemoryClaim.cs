namespace Loire.Model.Memory;

/// <summary>
/// What one holder has taken of a <see cref="MemoryQuota"/>, kept equal to what it holds. Disposing it returns everything. Not thread-safe.
/// </summary>
/// <param name="quota">The quota.</param>
/// <param name="step">Amounts are rounded up to a multiple of it, so that a holder that grows in small steps rarely asks the quota.</param>
public sealed class MemoryClaim(MemoryQuota quota, int step = 1) : IDisposable
{
    /// <summary>The bytes taken.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adjusts the claim to an amount if the quota allows that now; a smaller amount is always allowed.</summary>
    /// <param name="bytes">The bytes that the holder holds or is about to hold.</param>
    /// <returns>False if it would grow and may not; it is unchanged then.</returns>
    public bool TryHold(long bytes)
    {
        var wanted = Rounded(bytes);
        if (wanted > Bytes && !quota.TryTake(wanted - Bytes, Bytes))
        {
            return false;
        }

        Set(wanted);
        return true;
    }

    /// <summary>Adjusts the claim to an amount, waiting for the quota if it grows.</summary>
    /// <param name="bytes">The bytes that the holder is about to hold.</param>
    /// <param name="wait">The longest wait.</param>
    /// <param name="time">The clock of the wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False if it may not grow in time; it is unchanged then.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled; the claim is unchanged.</exception>
    public async ValueTask<bool> HoldAsync(long bytes, TimeSpan wait, TimeProvider time, CancellationToken cancellation = default)
    {
        var wanted = Rounded(bytes);
        if (wanted > Bytes && !await quota.TakeAsync(wanted - Bytes, wait, time, cancellation, Bytes))
        {
            return false;
        }

        Set(wanted);
        return true;
    }

    /// <summary>Returns everything.</summary>
    public void Dispose() => Set(0);

    /// <summary>Notes that what the claim has grown by was taken, or returns what it shrinks by.</summary>
    private void Set(long bytes)
    {
        var before = Bytes;
        Bytes = bytes;
        if (bytes < before)
        {
            quota.Return(before - bytes);
        }
    }

    private long Rounded(long bytes) => (bytes + step - 1) / step * step;
}
