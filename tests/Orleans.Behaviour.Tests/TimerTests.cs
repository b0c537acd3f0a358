using System.Collections.Concurrent;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

public interface ITimedGrain : IGrainWithStringKey
{
    Task Start(TimeSpan due, TimeSpan period, bool interleave = false, string? stage = null);

    Task Change(TimeSpan due, TimeSpan period);

    Task Stop();

    Task FailFromNowOn();

    Task Wait(string stage);

    Task End();

    Task Ping();
}

public class TimedGrain : Grain, ITimedGrain
{
    private IGrainTimer? _timer;
    private TaskScheduler? _scheduler;
    private bool _fails;

    internal static ConcurrentDictionary<string, SemaphoreSlim> Ticks { get; } = new();

    internal static SemaphoreSlim TicksOf(IAddressable grain) => Ticks.GetOrAdd(grain.GetPrimaryKeyString(), _ => new SemaphoreSlim(0));

    public Task Start(TimeSpan due, TimeSpan period, bool interleave, string? stage)
    {
        _scheduler = TaskScheduler.Current;
        _timer = this.RegisterGrainTimer(Tick, stage, new GrainTimerCreationOptions(due, period) { Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task FailFromNowOn()
    {
        _fails = true;
        return Task.CompletedTask;
    }

    public Task Wait(string stage) => Stage.Of(stage).Enter();

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Ping() => Task.CompletedTask;

    private async Task Tick(string? stage, CancellationToken cancellation)
    {
        this.Note(TaskScheduler.Current == _scheduler ? "tick" : "tick elsewhere");
        TicksOf(this).Release();
        if (stage is not null)
        {
            using var registration = cancellation.Register(() => this.Note("cancelled"));
            await Stage.Of(stage).Enter();
            this.Note("tick ends");
        }

        if (_fails)
        {
            throw new InvalidOperationException("A tick fails.");
        }
    }
}

/// <summary>A silo whose grains have a clock that the test moves.</summary>
public sealed class SiloWithManualTime : IAsyncLifetime
{
    private InProcessTestCluster? _cluster;

    public ManualTime Time { get; } = new();

    public ITimedGrain New() => _cluster!.New<ITimedGrain>();

    public async Task InitializeAsync() => _cluster = await Silos.StartAsync(1, silo => silo.Services.AddSingleton<TimeProvider>(Time));

    public async Task DisposeAsync() => await _cluster!.DisposeAsync();
}

public class TimerTests(SiloWithManualTime silo) : IClassFixture<SiloWithManualTime>
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ITimedGrain _grain = silo.New();

    [Fact]
    public async Task A_timer_ticks_when_it_is_due_and_then_after_each_period_as_turns_of_the_grain()
    {
        await _grain.Start(5 * Second, 2 * Second).Soon();
        await NoTickAfter(4 * Second);
        await TickAfter(Second);
        await NoTickAfter(Second);
        await TickAfter(Second);
        await TickAfter(2 * Second);
        Assert.Equal(["tick", "tick", "tick"], Notes.Of(_grain));
    }

    [Fact]
    public async Task A_timer_that_is_due_at_once_ticks_without_time_passing()
    {
        await _grain.Start(TimeSpan.Zero, Second).Soon();
        await TickAfter(TimeSpan.FromTicks(1));
    }

    [Fact]
    public async Task A_timer_without_a_period_ticks_once()
    {
        await _grain.Start(Second, Timeout.InfiniteTimeSpan).Soon();
        await TickAfter(Second);
        await NoTickAfter(100 * Second);
    }

    [Fact]
    public async Task A_timer_without_a_due_time_ticks_only_after_a_change()
    {
        await _grain.Start(Timeout.InfiniteTimeSpan, Second).Soon();
        await NoTickAfter(100 * Second);
        await _grain.Change(3 * Second, Second).Soon();
        await NoTickAfter(2 * Second);
        await TickAfter(Second);
    }

    [Fact]
    public async Task A_tick_waits_for_the_request_that_runs()
    {
        var stage = new Stage();
        await _grain.Start(Second, Second).Soon();
        var request = _grain.Wait(stage.Name);
        await stage.Entered;
        silo.Time.Advance(Second);
        var after = _grain.Ping();
        Assert.Empty(Notes.Of(_grain));
        stage.Open();
        await request.Soon();
        await Tick();
        await after.Soon();
    }

    [Fact]
    public async Task A_request_waits_for_the_tick_that_runs()
    {
        var stage = new Stage();
        await _grain.Start(Second, Second, stage: stage.Name).Soon();
        silo.Time.Advance(Second);
        await stage.Entered;
        var request = _grain.Ping();
        Assert.False(request.IsCompleted);
        stage.Open();
        await request.Soon();
        Assert.Equal(["tick", "tick ends"], Notes.Of(_grain));
    }

    [Fact]
    public async Task A_timer_that_interleaves_ticks_while_a_request_runs_and_requests_run_while_it_ticks()
    {
        var (request, tick) = (new Stage(), new Stage());
        await _grain.Start(Second, Second, interleave: true, stage: tick.Name).Soon();
        var waiting = _grain.Wait(request.Name);
        await request.Entered;
        silo.Time.Advance(Second);
        await tick.Entered;
        request.Open();
        await waiting.Soon();
        await _grain.Ping().Soon();
        Assert.Equal(["tick"], Notes.Of(_grain));
        tick.Open();
    }

    [Fact]
    public async Task The_period_begins_when_a_tick_has_ended_so_ticks_never_pile_up()
    {
        var stage = new Stage();
        await _grain.Start(Second, Second, interleave: true, stage: stage.Name).Soon();
        await TickAfter(Second);
        await NoTickAfter(100 * Second);
        stage.Open();
        await EndOfTick(1);
        await TickAfter(Second);
        await EndOfTick(2);
        await TickAfter(Second);
    }

    [Fact]
    public async Task A_tick_that_fails_does_not_stop_the_timer()
    {
        await _grain.Start(Second, Second).Soon();
        await _grain.FailFromNowOn().Soon();
        await TickAfter(Second);
        await TickAfter(Second);
    }

    [Fact]
    public async Task Disposing_of_a_timer_stops_it_and_cancels_the_tick_that_runs()
    {
        var stage = new Stage();
        await _grain.Start(Second, Second, interleave: true, stage: stage.Name).Soon();
        await TickAfter(Second);
        await _grain.Stop().Soon();
        Assert.Equal(["tick", "cancelled"], Notes.Of(_grain));
        stage.Open();
        await NoTickAfter(100 * Second);
    }

    [Fact]
    public async Task Timers_end_with_the_activation()
    {
        await _grain.Start(Second, Second).Soon();
        await TickAfter(Second);
        await _grain.End().Soon();
        await NoTickAfter(100 * Second);
    }

    private async Task TickAfter(TimeSpan time)
    {
        // The timer waits for its next tick from the turn on in which the last one has ended.
        await _grain.Ping().Soon();
        silo.Time.Advance(time);
        await Tick();
    }

    private async Task Tick() => Assert.True(await TimedGrain.TicksOf(_grain).WaitAsync(TimeSpan.FromSeconds(60)));

    private async Task EndOfTick(int number)
    {
        while (Notes.Of(_grain).Count(note => note == "tick ends") < number)
        {
            await _grain.Ping().Soon();
        }

        await _grain.Ping().Soon();
    }

    private async Task NoTickAfter(TimeSpan time)
    {
        await _grain.Ping().Soon();
        var before = Notes.Of(_grain).Length;
        silo.Time.Advance(time);
        await _grain.Ping().Soon();
        Assert.Equal(before, Notes.Of(_grain).Length);
    }
}
