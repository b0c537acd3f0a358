using Loire.Grains.Turns;

namespace Loire.Grains.Groups;

/// <summary>
/// The calls of members of a classic group that are not answered yet, by the numbers that its machine knows them by. Each is answered once: by the machine, or
/// with an error when the group closes or moves, or after the longest time that a call may take.
/// </summary>
/// <param name="turns">The turns of the driver.</param>
/// <param name="longest">How long a call may wait.</param>
/// <param name="refused">Makes the answer that refuses a call.</param>
internal sealed class ParkedAnswers<TAnswer>(DriverTurns turns, TimeSpan longest, Func<ErrorCode, TAnswer> refused)
{
    private readonly Dictionary<long, TaskCompletionSource<TAnswer>> _byCall = [];
    private readonly Queue<(TimeSpan At, long Call)> _deadlines = [];
    private ErrorCode _ended;

    /// <summary>The number of calls that wait.</summary>
    public int Count => _byCall.Count;

    /// <summary>When the call that came first has waited long enough; null if none waits.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            while (_deadlines.TryPeek(out var first) && !_byCall.ContainsKey(first.Call))
            {
                _deadlines.Dequeue();
            }

            return _deadlines.TryPeek(out var next) ? next.At : null;
        }
    }

    /// <summary>Begins a call; its answer comes by <see cref="Answer"/>, <see cref="ForceEnd"/> or an end of all.</summary>
    /// <param name="call">Its number.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Ends the wait without an answer.</param>
    public async Task<TAnswer> WaitAsync(long call, TimeSpan now, CancellationToken cancellation)
    {
        var waiting = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _byCall.Add(call, waiting);
        _deadlines.Enqueue((now + longest, call));
        using var watch = cancellation.UnsafeRegister(_ => turns.Post(() => Cancel(call)), null);
        return await waiting.Task;
    }

    /// <summary>Answers a call; without effect if it waits no longer.</summary>
    public void Answer(long call, TAnswer answer)
    {
        if (_byCall.Remove(call, out var waiting))
        {
            waiting.TrySetResult(answer);
        }
    }

    /// <summary>A step has been taken for a call: if it would have to wait and no call may wait any more, it is refused.</summary>
    public void ForceEnd(long call)
    {
        if (_ended != ErrorCode.None)
        {
            Answer(call, refused(_ended));
        }
    }

    /// <summary>Refuses calls that have waited for the longest time.</summary>
    public void EndDue(TimeSpan now)
    {
        while (NextDeadline <= now)
        {
            Answer(_deadlines.Dequeue().Call, refused(ErrorCode.NotCoordinator));
        }
    }

    /// <summary>Refuses every call that waits, and all later ones that would have to.</summary>
    public void EndAll(ErrorCode error)
    {
        _ended = error;
        foreach (var call in _byCall.Keys.ToArray())
        {
            Answer(call, refused(error));
        }
    }

    private void Cancel(long call)
    {
        if (_byCall.Remove(call, out var waiting))
        {
            waiting.TrySetCanceled();
        }
    }
}
