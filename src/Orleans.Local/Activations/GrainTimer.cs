using Orleans.Calls;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>
/// A timer of an activation. A tick is a request to the activation, so it obeys the rules of interleaving. The wait for the next tick
/// starts when a tick has ended, so ticks never pile up.
/// </summary>
internal abstract class GrainTimer : Request, IGrainTimer
{
    private readonly Activation _activation;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ITimer _timer;
    private TimeSpan _dueTime;
    private TimeSpan _period;

    // A change during a tick takes effect when the tick has ended.
    private volatile bool _ticking;
    private bool _changed;

    protected GrainTimer(Activation activation, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _options = options;
        using (ExecutionContext.SuppressFlow())
        {
            _timer = activation.Silo.Time.CreateTimer(
                static timer => ((GrainTimer)timer!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public override bool IsAlwaysInterleave => _options.Interleave;

    public override bool IsReadOnly => false;

    public override bool IsKeepAlive => _options.KeepAlive;

    public override bool IsLocalOnly => true;

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        (_dueTime, _period, _changed) = (dueTime, period, true);
        if (!_ticking)
        {
            Wait(dueTime);
        }
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _timer.Dispose();
        _activation.Forget(this);
    }

    public override bool Run(Activation activation)
    {
        _changed = false;
        Task running;
        try
        {
            running = InvokeAsync(_disposed.Token);
        }
        catch (Exception error)
        {
            running = Task.FromException(error);
        }

        if (running.IsCompleted)
        {
            Ended(running.Exception?.InnerException);
            return true;
        }

        _ = Await(running);
        return false;
    }

    public override void Fail(Exception error)
    {
    }

    protected abstract Task InvokeAsync(CancellationToken cancellation);

    private static void Check(TimeSpan time, string name)
    {
        // The range of System.Threading.Timer.
        ArgumentOutOfRangeException.ThrowIfLessThan((long)time.TotalMilliseconds, -1, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)time.TotalMilliseconds, uint.MaxValue - 1, name);
    }

    private void Tick()
    {
        _ticking = true;
        _activation.TryQueue(this);
    }

    private async Task Await(Task running)
    {
        Exception? failure = null;
        try
        {
            await running;
        }
        catch (Exception error)
        {
            failure = error;
        }

        Ended(failure);
        _activation.OnEnded(this);
    }

    private void Ended(Exception? failure)
    {
        if (failure is not null)
        {
            _activation.OnFailed(this, failure, reported: false);
        }

        _ticking = false;
        if (!_disposed.IsCancellationRequested)
        {
            Wait(_changed ? _dueTime : _period);
        }
    }

    // Changing a timer that was disposed of does nothing.
    private void Wait(TimeSpan time) => _timer.Change(time, Timeout.InfiniteTimeSpan);
}

/// <summary>A timer with the state of its callback.</summary>
internal sealed class GrainTimer<TState>(
    Activation activation, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    : GrainTimer(activation, options)
{
    public override string ToString() => $"The timer that calls {callback.Method.DeclaringType?.Name}.{callback.Method.Name}";

    protected override Task InvokeAsync(CancellationToken cancellation) => callback(state, cancellation);
}
