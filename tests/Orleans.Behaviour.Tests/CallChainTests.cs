using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface IChainGrain : IGrainWithStringKey
{
    /// <summary>Calls the partner, which calls back.</summary>
    Task<string> CallAndBeCalledBack(string partner, bool allow, bool suppress = false);

    Task<string> CallBack(string caller);

    [ResponseTimeout("00:00:01")]
    Task<string> Answer();

    [AlwaysInterleave]
    Task<string> AnswerAlways();

    Task<string> CallAndBeCalledBackByMethodThatAlwaysInterleaves(string partner);

    Task<string> CallBackByMethodThatAlwaysInterleaves(string caller);

    Task CallWithSectionOpen(string partner, string stage);

    Task Wait(string stage);

    [AlwaysInterleave]
    Task Ping();

    Task<string[]> ContextHereAndThere(string partner);

    Task<string?> Context();
}

public class ChainGrain : Grain, IChainGrain
{
    public async Task<string> CallAndBeCalledBack(string partner, bool allow, bool suppress)
    {
        if (!allow)
        {
            return await Partner(partner).CallBack(this.GetPrimaryKeyString());
        }

        using var section = RequestContext.AllowCallChainReentrancy();
        if (!suppress)
        {
            return await Partner(partner).CallBack(this.GetPrimaryKeyString());
        }

        using var suppressed = RequestContext.SuppressCallChainReentrancy();
        return await Partner(partner).CallBack(this.GetPrimaryKeyString());
    }

    public async Task<string> CallBack(string caller)
    {
        try
        {
            return await Partner(caller).Answer();
        }
        catch (TimeoutException)
        {
            return "timed out";
        }
    }

    public Task<string> Answer() => Task.FromResult("answered");

    public Task<string> AnswerAlways() => Task.FromResult("answered");

    public Task<string> CallAndBeCalledBackByMethodThatAlwaysInterleaves(string partner) =>
        Partner(partner).CallBackByMethodThatAlwaysInterleaves(this.GetPrimaryKeyString());

    public Task<string> CallBackByMethodThatAlwaysInterleaves(string caller) => Partner(caller).AnswerAlways();

    public async Task CallWithSectionOpen(string partner, string stage)
    {
        using var section = RequestContext.AllowCallChainReentrancy();
        await Partner(partner).Wait(stage);
    }

    public Task Wait(string stage) => Stage.Of(stage).Enter();

    public Task Ping() => Task.CompletedTask;

    public async Task<string[]> ContextHereAndThere(string partner)
    {
        var here = RequestContext.Get("colour") as string;
        RequestContext.Set("colour", "changed by the grain");
        var there = await Partner(partner).Context();
        return [$"{here}", $"{there}", $"{RequestContext.Get("colour")}"];
    }

    public Task<string?> Context()
    {
        var seen = RequestContext.Get("colour") as string;
        RequestContext.Set("colour", "changed by the partner");
        return Task.FromResult(seen);
    }

    private IChainGrain Partner(string key) => GrainFactory.GetGrain<IChainGrain>(key);
}

[Collection(OneSilo.Collection)]
public class CallChainTests(OneSilo silo)
{
    private readonly IChainGrain _grain = silo.New<IChainGrain>();
    private readonly string _partner = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_call_back_into_a_grain_that_waits_is_a_deadlock_until_the_call_times_out()
    {
        Assert.Equal("timed out", await _grain.CallAndBeCalledBack(_partner, allow: false).Soon());
    }

    [Fact]
    public async Task A_grain_can_allow_that_the_calls_it_makes_come_back()
    {
        Assert.Equal("answered", await _grain.CallAndBeCalledBack(_partner, allow: true).Soon());
    }

    [Fact]
    public async Task Within_a_section_that_suppresses_it_calls_do_not_come_back()
    {
        Assert.Equal("timed out", await _grain.CallAndBeCalledBack(_partner, allow: true, suppress: true).Soon());
    }

    [Fact]
    public async Task A_method_that_always_interleaves_can_be_called_back()
    {
        Assert.Equal("answered", await _grain.CallAndBeCalledBackByMethodThatAlwaysInterleaves(_partner).Soon());
    }

    [Fact]
    public async Task Requests_of_others_wait_while_a_call_chain_may_come_back()
    {
        var (inside, outside) = (new Stage(), new Stage());
        var chain = _grain.CallWithSectionOpen(_partner, inside.Name);
        await inside.Entered;
        var other = _grain.Wait(outside.Name);
        await _grain.Ping().Soon();
        Assert.False(outside.HasEntered);
        inside.Open();
        outside.Open();
        await Task.WhenAll(chain, other).Soon();
    }

    [Fact]
    public async Task Request_context_goes_with_a_call_and_does_not_come_back()
    {
        RequestContext.Set("colour", "set by the test");
        var seen = await _grain.ContextHereAndThere(_partner).Soon();
        Assert.Equal(["set by the test", "changed by the grain", "changed by the grain"], seen);
        Assert.Equal("set by the test", RequestContext.Get("colour"));
        RequestContext.Remove("colour");
        Assert.Null(await _grain.Context().Soon());
    }
}
