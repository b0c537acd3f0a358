using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface ITurnGrain : IGrainWithStringKey
{
    Task Wait(string stage, string name);

    Task Pass(string name);

    Task<string[]> SchedulersAfterAwaits();

    Task<bool> OverlapsWithOthers(int awaits);

    Task<bool> OverlapsAmongOwnTasks(int tasks);
}

public class TurnGrain : Grain, ITurnGrain
{
    private int _inside;

    public async Task Wait(string stage, string name)
    {
        this.Note($"{name} begins");
        await Stage.Of(stage).Enter();
        this.Note($"{name} ends");
    }

    public Task Pass(string name)
    {
        this.Note($"{name} begins");
        return Task.CompletedTask;
    }

    public async Task<string[]> SchedulersAfterAwaits()
    {
        var own = TaskScheduler.Current;
        var seen = new List<string> { Is(own, TaskScheduler.Default) };
        await Task.Yield();
        seen.Add(Is(TaskScheduler.Current, own));
        await Task.Delay(1);
        seen.Add(Is(TaskScheduler.Current, own));
        seen.Add(Is(await Task.Run(() => TaskScheduler.Current), own));
        seen.Add(Is(await Task.Factory.StartNew(() => TaskScheduler.Current), own));
        seen.Add(Is(TaskScheduler.Current, own));
        return [.. seen];
    }

    public async Task<bool> OverlapsWithOthers(int awaits)
    {
        var overlaps = false;
        for (var i = 0; i < awaits; i++)
        {
            overlaps |= Interlocked.Exchange(ref _inside, 1) != 0;
            Thread.SpinWait(50);
            Volatile.Write(ref _inside, 0);
            await Task.Yield();
        }

        return overlaps;
    }

    public async Task<bool> OverlapsAmongOwnTasks(int tasks) =>
        (await Task.WhenAll(Enumerable.Range(0, tasks).Select(_ => OverlapsWithOthers(20)))).Any(overlaps => overlaps);

    private static string Is(TaskScheduler scheduler, TaskScheduler other) => scheduler == other ? "same" : "other";
}

[Reentrant]
public class ReentrantTurnGrain : TurnGrain, IReentrantTurnGrain;

public interface IReentrantTurnGrain : ITurnGrain;

[Collection(OneSilo.Collection)]
public class TurnTests(OneSilo silo)
{
    [Fact]
    public async Task A_request_waits_until_the_one_before_it_has_ended()
    {
        var grain = silo.New<ITurnGrain>();
        var stage = new Stage();
        var first = grain.Wait(stage.Name, "first");
        await stage.Entered;
        var second = grain.Pass("second");
        Assert.Equal(["first begins"], Notes.Of(grain));
        stage.Open();
        await Task.WhenAll(first, second).Soon();
        Assert.Equal(["first begins", "first ends", "second begins"], Notes.Of(grain));
    }

    [Fact]
    public async Task Requests_of_one_caller_to_an_active_grain_of_the_same_silo_start_in_the_order_in_which_they_were_made()
    {
        // Not so from another silo or a client: there the official runtime may change the order of calls under way at the same time.
        var grain = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>(Guid.NewGuid().ToString("N"));
        await grain.Pass("active");
        var calls = Enumerable.Range(0, 1000).Select(i => grain.Pass($"{i}")).ToArray();
        await Task.WhenAll(calls).Soon();
        Assert.Equal(["active begins", .. Enumerable.Range(0, 1000).Select(i => $"{i} begins")], Notes.Of(grain));
    }

    [Fact]
    public async Task Code_after_an_await_runs_on_the_grain_s_scheduler_and_so_does_what_it_starts_except_by_Task_Run()
    {
        Assert.Equal(["other", "same", "same", "other", "same", "same"], await silo.New<ITurnGrain>().SchedulersAfterAwaits());
    }

    [Fact]
    public async Task Turns_of_interleaving_requests_never_run_at_the_same_time()
    {
        var grain = silo.New<IReentrantTurnGrain>();
        var overlaps = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => grain.OverlapsWithOthers(20))).Soon();
        Assert.DoesNotContain(true, overlaps);
    }

    [Fact]
    public async Task Turns_of_tasks_that_one_request_starts_never_run_at_the_same_time()
    {
        Assert.False(await silo.New<ITurnGrain>().OverlapsAmongOwnTasks(50).Soon());
    }

    [Fact]
    public async Task Grains_run_beside_each_other()
    {
        var (one, other) = (new Stage(), new Stage());
        var (first, second) = (silo.New<ITurnGrain>().Wait(one.Name, ""), silo.New<ITurnGrain>().Wait(other.Name, ""));
        await one.Entered;
        await other.Entered;
        one.Open();
        other.Open();
        await Task.WhenAll(first, second).Soon();
    }
}
