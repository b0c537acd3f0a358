namespace Loire.TestKit;

/// <summary>
/// Time that advances only when the test moves it. Timers run on the thread that calls <see cref="Advance"/>, in order of their due times.
/// Unlike FakeTimeProvider, it exposes the number of waiting timers and the next due time, which phase barriers and simulations need.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly SortedSet<ManualTimer> _timers = new(ManualTimer.ByDueTime);
    private DateTimeOffset _now;
    private long _created;

    public ManualTime(DateTimeOffset? start = null) => _now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The number of waiting timers.</summary>
    public int WaitingTimers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>When the next timer is due; null if none waits.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_lock)
            {
                return _timers.Min?.Due;
            }
        }
    }

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far the wall clock is set wrong. Timers and timestamps do not depend on it.</summary>
    public TimeSpan ClockError { get; set; }

    public override DateTimeOffset GetUtcNow() => Now + ClockError;

    public override long GetTimestamp() => Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state, Interlocked.Increment(ref _created));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Completes after a delay or when cancelled. Unlike <see cref="Task.Delay(TimeSpan, TimeProvider, CancellationToken)"/>, it is
    /// cancelled within the cancelling call, not later on another thread.
    /// </summary>
    public async Task Delay(TimeSpan by, CancellationToken cancellation)
    {
        var end = new TaskCompletionSource();
        using var timer = CreateTimer(_ => end.TrySetResult(), null, by, Timeout.InfiniteTimeSpan);
        using var registration = cancellation.UnsafeRegister((_, token) => end.TrySetCanceled(token), null);
        await end.Task;
    }

    /// <summary>Advances the time, running every timer that falls due at its own due time.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var until = Now + by;
        while (TakeDue(until) is { } timer)
        {
            timer.Run();
        }

        lock (_lock)
        {
            _now = until;
        }
    }

    /// <summary>Moves time to the next timer and runs it; false if none waits.</summary>
    public bool AdvanceToNextTimer()
    {
        if (NextDue is not { } due)
        {
            return false;
        }

        Advance(due > Now ? due - Now : TimeSpan.Zero);
        return true;
    }

    private DateTimeOffset Now
    {
        get
        {
            lock (_lock)
            {
                return _now;
            }
        }
    }

    private ManualTimer? TakeDue(DateTimeOffset until)
    {
        lock (_lock)
        {
            var first = _timers.Min;
            if (first is null || first.Due > until)
            {
                return null;
            }

            _timers.Remove(first);
            _now = first.Due > _now ? first.Due : _now;
            if (first.Period > TimeSpan.Zero)
            {
                first.Due = _now + first.Period;
                _timers.Add(first);
            }

            return first;
        }
    }

    private sealed class ManualTimer(ManualTime owner, TimerCallback callback, object? state, long number) : ITimer
    {
        public static readonly IComparer<ManualTimer> ByDueTime =
            Comparer<ManualTimer>.Create((a, b) => (a.Due, a._number).CompareTo((b.Due, b._number)));

        private readonly long _number = number;

        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                owner._timers.Remove(this);
                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = owner._now + dueTime;
                    owner._timers.Add(this);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._lock)
            {
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
