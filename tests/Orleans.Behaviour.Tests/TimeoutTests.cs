using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface ISlowGrain : IGrainWithStringKey
{
    [ResponseTimeout("00:00:01")]
    Task Wait(string stage);

    [ResponseTimeout("00:00:01")]
    Task WaitInTurn(string stage);

    [AlwaysInterleave]
    Task Ping();
}

public class SlowGrain : Grain, ISlowGrain
{
    public async Task Wait(string stage)
    {
        await Stage.Of(stage).Enter();
        this.Note("went on");
    }

    public Task WaitInTurn(string stage) => Stage.Of(stage).Enter();

    public Task Ping() => Task.CompletedTask;
}

[Collection(OneSilo.Collection)]
public class TimeoutTests(OneSilo silo)
{
    private readonly ISlowGrain _grain = silo.New<ISlowGrain>();
    private readonly Stage _stage = new();

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_fails_and_the_grain_goes_on_regardless()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => _grain.Wait(_stage.Name).Soon());
        Assert.Empty(Notes.Of(_grain));
        _stage.Open();
        while (Notes.Of(_grain) is [])
        {
            await _grain.Ping();
        }
    }

    [Fact]
    public async Task A_request_that_timed_out_while_it_waited_is_not_run_any_more()
    {
        var late = new Stage();
        var blocking = _grain.Wait(_stage.Name);
        await _stage.Entered;
        await Assert.ThrowsAsync<TimeoutException>(() => _grain.WaitInTurn(late.Name).Soon());
        await Assert.ThrowsAsync<TimeoutException>(() => blocking);
        _stage.Open();
        var after = new Stage();
        after.Open();
        await _grain.WaitInTurn(after.Name).Soon();
        Assert.False(late.HasEntered);
    }
}
