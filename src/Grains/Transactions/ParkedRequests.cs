namespace Loire.Grains.Transactions;

/// <summary>
/// Requests that wait until a transaction is complete, each for a bounded time. Not thread-safe: used in turns of the driver.
/// </summary>
internal sealed class ParkedRequests
{
    private readonly List<(TimeSpan Until, TaskCompletionSource<bool> Ended)> _waiting = [];
    private bool _isClosed;

    /// <summary>The number of waiting requests.</summary>
    public int Count => _waiting.Count;

    /// <summary>When the first of them has waited long enough; null if none waits.</summary>
    public TimeSpan? NextDeadline => _waiting.Count == 0 ? null : _waiting.Min(static request => request.Until);

    /// <summary>Waits.</summary>
    /// <param name="until">When it has waited long enough.</param>
    /// <param name="now">The time.</param>
    /// <returns>True when the transaction is complete; false when the time is over, or waiting is.</returns>
    public Task<bool> WaitAsync(TimeSpan until, TimeSpan now)
    {
        if (_isClosed || until <= now)
        {
            return Task.FromResult(false);
        }

        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((until, ended));
        return ended.Task;
    }

    /// <summary>The transaction is complete.</summary>
    public void Complete() => End(static _ => true, isComplete: true);

    /// <summary>Ends the waits whose time is over.</summary>
    public void EndDue(TimeSpan now) => End(request => request.Until <= now, isComplete: false);

    /// <summary>Ends all waits, also those that would begin from now on.</summary>
    public void Close()
    {
        _isClosed = true;
        End(static _ => true, isComplete: false);
    }

    private void End(Func<(TimeSpan Until, TaskCompletionSource<bool> Ended), bool> which, bool isComplete)
    {
        foreach (var request in _waiting.Where(which).ToArray())
        {
            _waiting.Remove(request);
            request.Ended.SetResult(isComplete);
        }
    }
}
