using System.Collections.Concurrent;
using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface ITurnGrain : IGrainWithStringKey
{
    Task Enter(string stage);

    [AlwaysInterleave]
    Task EnterBeside(string stage);

    Task CallBackThrough(ITurnGrain partner, string stage);

    Task CallBeside(ITurnGrain caller, string stage);

    Task<string[]> SchedulersAfterAwaits();

    Task<bool> Overlaps(int awaits);
}

public class TurnGrain : Grain, ITurnGrain
{
    private int _inside;

    /// <summary>The scheduler of each activation, by the key of its grain.</summary>
    internal static ConcurrentDictionary<string, (TaskScheduler Scheduler, TurnGrain Grain)> Activations { get; } = new();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Activations[this.GetPrimaryKeyString()] = (TaskScheduler.Current, this);
        return Task.CompletedTask;
    }

    public Task Enter(string stage) => Stage.Of(stage).Enter();

    public Task EnterBeside(string stage) => Stage.Of(stage).Enter();

    public Task CallBackThrough(ITurnGrain partner, string stage) => partner.CallBeside(this.AsReference<ITurnGrain>(), stage);

    public Task CallBeside(ITurnGrain caller, string stage) => caller.EnterBeside(stage);

    public async Task<string[]> SchedulersAfterAwaits()
    {
        var own = Activations[this.GetPrimaryKeyString()].Scheduler;
        var seen = new List<string> { Name() };
        await Task.Yield();
        seen.Add(Name());
        await Task.Delay(1);
        seen.Add(Name());
        seen.Add(await Task.Factory.StartNew(Name));
        seen.Add(await Task.Run(Name));
        seen.Add(Name());
        return [.. seen];

        string Name() => TaskScheduler.Current == own ? "own" : "other";
    }

    public async Task<bool> Overlaps(int awaits)
    {
        var overlaps = false;
        for (var i = 0; i < awaits; i++)
        {
            overlaps |= Turn();
            await Task.Yield();
        }

        return overlaps;
    }

    /// <summary>Whether another turn runs now.</summary>
    internal bool Turn()
    {
        var overlaps = Interlocked.Exchange(ref _inside, 1) != 0;
        Thread.SpinWait(50);
        Volatile.Write(ref _inside, 0);
        return overlaps;
    }
}

public interface IReentrantTurnGrain : ITurnGrain;

[Reentrant]
public class ReentrantTurnGrain : TurnGrain, IReentrantTurnGrain;

/// <summary>What runs when in one activation: drivers of partitions and groups have no locks.</summary>
[Collection(OneSilo.Collection)]
public class TurnTests(OneSilo silo)
{
    private readonly Stage _first = new();
    private readonly Stage _second = new();

    [Fact]
    public async Task A_request_waits_until_the_one_before_it_has_ended()
    {
        var grain = silo.New<ITurnGrain>();
        var first = grain.Enter(_first.Name);
        await _first.Entered;
        var second = grain.Enter(_second.Name);
        await silo.New<ITurnGrain>().Overlaps(1).Soon();
        Assert.False(_second.HasEntered);
        _first.Open();
        await _second.Entered;
        await OpenBoth(first, second);
    }

    [Fact]
    public async Task A_method_that_always_interleaves_runs_beside_another_request()
    {
        var grain = silo.New<ITurnGrain>();
        var first = grain.Enter(_first.Name);
        await _first.Entered;
        var second = grain.EnterBeside(_second.Name);
        await _second.Entered;
        await OpenBoth(first, second);
    }

    [Fact]
    public async Task A_grain_that_waits_for_a_neighbour_can_be_called_back_by_a_method_that_always_interleaves()
    {
        var call = silo.New<ITurnGrain>().CallBackThrough(silo.New<ITurnGrain>(), _first.Name);
        await _first.Entered;
        await OpenBoth(call);
    }

    [Fact]
    public async Task Requests_of_a_reentrant_class_run_beside_each_other()
    {
        var grain = silo.New<IReentrantTurnGrain>();
        var first = grain.Enter(_first.Name);
        await _first.Entered;
        var second = grain.Enter(_second.Name);
        await _second.Entered;
        await OpenBoth(first, second);
    }

    [Fact]
    public async Task Turns_never_run_at_the_same_time_be_they_of_requests_or_started_by_other_threads_on_the_scheduler_of_the_grain()
    {
        var grain = silo.New<IReentrantTurnGrain>();
        await grain.Overlaps(0).Soon();
        var (scheduler, activation) = TurnGrain.Activations[grain.GetPrimaryKeyString()];
        var requests = Enumerable.Range(0, 50).Select(_ => grain.Overlaps(20)).ToArray();
        var others = Enumerable.Range(0, 50).Select(_ => Task.Run(() => Task.Factory.StartNew(
            activation.Turn, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler)));
        Assert.DoesNotContain(true, await Task.WhenAll([.. requests, .. others]).Soon());
    }

    [Fact]
    public async Task Code_after_an_await_stays_on_the_scheduler_of_the_grain_and_so_does_what_it_starts_except_by_Task_Run()
    {
        Assert.Equal(["own", "own", "own", "own", "other", "own"], await silo.New<ITurnGrain>().SchedulersAfterAwaits().Soon());
    }

    private Task OpenBoth(params Task[] calls)
    {
        _first.Open();
        _second.Open();
        return Task.WhenAll(calls).Soon();
    }
}
