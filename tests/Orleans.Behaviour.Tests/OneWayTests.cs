using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface IOneWayGrain : IGrainWithStringKey
{
    [OneWay]
    Task Start(string stage, string done);

    [OneWay]
    ValueTask Fail(string stage);

    Task Ping();
}

public class OneWayGrain : Grain, IOneWayGrain
{
    public async Task Start(string stage, string done)
    {
        await Stage.Of(stage).Enter();
        await Stage.Of(done).Enter();
    }

    public async ValueTask Fail(string stage)
    {
        await Stage.Of(stage).Enter();
        throw new InvalidOperationException("Nobody hears this.");
    }

    public Task Ping() => Task.CompletedTask;
}

[Collection(OneSilo.Collection)]
public class OneWayTests(OneSilo silo)
{
    [Fact]
    public async Task The_caller_does_not_wait_for_the_grain()
    {
        var (stage, done) = (new Stage(), new Stage());
        await silo.New<IOneWayGrain>().Start(stage.Name, done.Name).Soon();
        await stage.Entered;
        Assert.False(done.HasEntered);
        stage.Open();
        await done.Entered;
        done.Open();
    }

    [Fact]
    public async Task The_caller_does_not_learn_of_a_failure_and_the_grain_goes_on()
    {
        var stage = new Stage();
        var grain = silo.New<IOneWayGrain>();
        stage.Open();
        await grain.Fail(stage.Name);
        await stage.Entered;
        await grain.Ping().Soon();
    }

    [Fact]
    public async Task A_one_way_request_waits_its_turn_and_has_its_turn()
    {
        var (first, second, done) = (new Stage(), new Stage(), new Stage());
        var grain = silo.New<IOneWayGrain>();
        done.Open();
        await grain.Start(first.Name, done.Name);
        await first.Entered;
        await grain.Start(second.Name, done.Name);
        Assert.False(second.HasEntered);
        first.Open();
        await second.Entered;
        second.Open();
    }
}
