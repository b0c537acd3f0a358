using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface IInterleavingGrain : IGrainWithStringKey
{
    Task Write(string stage);

    [ReadOnly]
    Task Read(string stage);

    [AlwaysInterleave]
    Task Peek(string stage);

    [AlwaysInterleave]
    Task Ping();
}

public class InterleavingGrain : Grain, IInterleavingGrain
{
    public Task Write(string stage) => Stage.Of(stage).Enter();

    public Task Read(string stage) => Stage.Of(stage).Enter();

    public Task Peek(string stage) => Stage.Of(stage).Enter();

    public Task Ping() => Task.CompletedTask;
}

public interface IReentrantGrain : IGrainWithStringKey
{
    Task Write(string stage);
}

[Reentrant]
public class ReentrantGrain : Grain, IReentrantGrain
{
    public Task Write(string stage) => Stage.Of(stage).Enter();
}

[Collection(OneSilo.Collection)]
public class InterleavingTests(OneSilo silo)
{
    private readonly Stage _first = new();
    private readonly Stage _second = new();

    [Fact]
    public async Task A_method_that_always_interleaves_starts_while_another_request_waits()
    {
        var grain = silo.New<IInterleavingGrain>();
        var write = grain.Write(_first.Name);
        await _first.Entered;
        var peek = grain.Peek(_second.Name);
        await _second.Entered;
        Assert.False(write.IsCompleted);
        await OpenBoth(write, peek);
    }

    [Fact]
    public async Task Another_request_starts_while_a_method_that_always_interleaves_waits()
    {
        var grain = silo.New<IInterleavingGrain>();
        var peek = grain.Peek(_first.Name);
        await _first.Entered;
        var write = grain.Write(_second.Name);
        await _second.Entered;
        await OpenBoth(write, peek);
    }

    [Fact]
    public async Task Read_only_methods_run_beside_each_other()
    {
        var grain = silo.New<IInterleavingGrain>();
        var one = grain.Read(_first.Name);
        await _first.Entered;
        var other = grain.Read(_second.Name);
        await _second.Entered;
        await OpenBoth(one, other);
    }

    [Fact]
    public async Task A_read_only_method_waits_for_one_that_is_not()
    {
        var grain = silo.New<IInterleavingGrain>();
        var write = grain.Write(_first.Name);
        await _first.Entered;
        var read = grain.Read(_second.Name);
        await grain.Ping().Soon();
        Assert.False(_second.HasEntered);
        _first.Open();
        await _second.Entered;
        await OpenBoth(write, read);
    }

    [Fact]
    public async Task A_method_that_is_not_read_only_waits_for_one_that_is()
    {
        var grain = silo.New<IInterleavingGrain>();
        var read = grain.Read(_first.Name);
        await _first.Entered;
        var write = grain.Write(_second.Name);
        await grain.Ping().Soon();
        Assert.False(_second.HasEntered);
        _first.Open();
        await _second.Entered;
        await OpenBoth(read, write);
    }

    [Fact]
    public async Task A_read_only_method_overtakes_one_that_waits_for_another_read_only_method()
    {
        var grain = silo.New<IInterleavingGrain>();
        var read = grain.Read(_first.Name);
        await _first.Entered;
        var waiting = new Stage();
        var write = grain.Write(waiting.Name);
        var overtaking = grain.Read(_second.Name);
        await _second.Entered;
        Assert.False(waiting.HasEntered);
        waiting.Open();
        await OpenBoth(read, overtaking);
        await write.Soon();
    }

    [Fact]
    public async Task What_keeps_requests_out_is_the_first_of_the_read_only_ones_that_run_and_not_the_later_ones()
    {
        var grain = silo.New<IInterleavingGrain>();
        var one = grain.Read(_first.Name);
        await _first.Entered;
        var other = grain.Read(_second.Name);
        await _second.Entered;
        _first.Open();
        await one.Soon();
        var writing = new Stage();
        var write = grain.Write(writing.Name);
        await writing.Entered;
        Assert.False(other.IsCompleted);
        writing.Open();
        await write.Soon();
        await OpenBoth(other);
    }

    [Fact]
    public async Task Requests_of_a_reentrant_class_run_beside_each_other()
    {
        var grain = silo.New<IReentrantGrain>();
        var one = grain.Write(_first.Name);
        await _first.Entered;
        var other = grain.Write(_second.Name);
        await _second.Entered;
        await OpenBoth(one, other);
    }

    private Task OpenBoth(params Task[] calls)
    {
        _first.Open();
        _second.Open();
        return Task.WhenAll(calls).Soon();
    }
}
