using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface ITimedGrain : IGrainWithStringKey
{
    [AlwaysInterleave]
    Task Start(TimeSpan due, TimeSpan period, string stage);

    [AlwaysInterleave]
    Task SetDue(TimeSpan due);

    Task Wait(string stage);
}

public class TimedGrain : Grain, ITimedGrain
{
    private IGrainTimer? _timer;
    private TaskScheduler? _scheduler;
    private int _ticks;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        this.Note("deactivated");
        return Task.CompletedTask;
    }

    public Task Start(TimeSpan due, TimeSpan period, string stage)
    {
        _scheduler = TaskScheduler.Current;
        _timer = this.RegisterGrainTimer(Tick, stage, new GrainTimerCreationOptions(due, period) { Interleave = true, KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task SetDue(TimeSpan due)
    {
        _timer!.Change(due, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public Task Wait(string stage) => Stage.Of(stage).Enter();

    private async Task Tick(string stage, CancellationToken cancellation)
    {
        this.Note(TaskScheduler.Current == _scheduler ? "tick" : "tick elsewhere");
        if (++_ticks < 3)
        {
            throw new InvalidOperationException("A tick fails.");
        }

        _timer!.Dispose();
        await Stage.Of(stage).Enter();
        this.Note("last tick ends");
        DeactivateOnIdle();
    }
}

/// <summary>The timers that wake groups and catalogs and look after consumers.</summary>
[Collection(OneSilo.Collection)]
public class TimerTests(OneSilo silo)
{
    private readonly ITimedGrain _grain = silo.New<ITimedGrain>();
    private readonly Stage _tick = new();
    private readonly Stage _request = new();

    [Fact]
    public async Task A_timer_that_interleaves_ticks_beside_a_request_goes_on_after_failures_and_can_end_itself_and_its_grain()
    {
        var request = _grain.Wait(_request.Name);
        await _request.Entered;
        await _grain.Start(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1), _tick.Name).Soon();
        await _tick.Entered;
        Assert.False(request.IsCompleted);
        _request.Open();
        await request.Soon();
        Assert.Equal(["tick", "tick", "tick"], Notes.Of(_grain));
        _tick.Open();
        await Notes.Reached(_grain, 5);
        Assert.Equal(["tick", "tick", "tick", "last tick ends", "deactivated"], Notes.Of(_grain));
    }

    [Fact]
    public async Task A_timer_without_a_due_time_ticks_after_a_change()
    {
        await _grain.Start(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, _tick.Name).Soon();
        for (var tick = 1; tick <= 3; tick++)
        {
            Assert.Equal(tick - 1, Notes.Of(_grain).Length);
            await _grain.SetDue(TimeSpan.FromMilliseconds(1)).Soon();
            await Notes.Reached(_grain, tick);
        }
    }
}
