using System.Collections.Concurrent;

namespace Orleans.Behaviour.Tests;

public interface IMortalGrain : IGrainWithStringKey
{
    Task<string> Activation();

    Task<string> Wait(string stage);

    Task<string> DeactivateThenWait(string stage);

    Task Keep(TimeSpan time);
}

/// <summary>Does at its beginning and at its end what the test has put in its way.</summary>
public class MortalGrain : Grain, IMortalGrain
{
    private readonly string _activation = Guid.NewGuid().ToString("N");

    internal static ConcurrentDictionary<string, Func<Task>> Beginnings { get; } = new();

    internal static ConcurrentDictionary<string, Func<Task>> Ends { get; } = new();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.Note("activating");
        await (Beginnings.TryGetValue(this.GetPrimaryKeyString(), out var beginning) ? beginning() : Task.CompletedTask);
        this.Note("activated");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        this.Note($"deactivating: {reason.ReasonCode}");
        await (Ends.TryGetValue(this.GetPrimaryKeyString(), out var end) ? end() : Task.CompletedTask);
        this.Note("deactivated");
    }

    public Task<string> Activation() => Task.FromResult(_activation);

    public async Task<string> Wait(string stage)
    {
        await Stage.Of(stage).Enter();
        this.Note("ended");
        return _activation;
    }

    public Task<string> DeactivateThenWait(string stage)
    {
        DeactivateOnIdle();
        return Wait(stage);
    }

    public Task Keep(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }
}

/// <summary>How activations of a grain follow each other.</summary>
[Collection(OneSilo.Collection)]
public class ActivationTests(OneSilo silo)
{
    private readonly IMortalGrain _grain = silo.New<IMortalGrain>();
    private readonly Stage _stage = new();

    private string Key => _grain.GetPrimaryKeyString();

    [Fact]
    public async Task First_calls_at_the_same_time_wait_for_one_activation()
    {
        MortalGrain.Beginnings[Key] = _stage.Enter;
        var calls = Enumerable.Range(0, 20).Select(_ => Task.Run(_grain.Activation)).ToArray();
        await _stage.Entered;
        Assert.DoesNotContain(calls, call => call.IsCompleted);
        _stage.Open();
        Assert.Single((await Task.WhenAll(calls).Soon()).Distinct());
        Assert.Equal(["activating", "activated"], Notes.Of(_grain));
    }

    [Fact]
    public async Task A_failed_activation_fails_the_calls_that_wait_for_it_and_the_next_call_tries_again()
    {
        MortalGrain.Beginnings[Key] = () => throw new ArgumentException("not now");
        var error = await Assert.ThrowsAsync<ArgumentException>(() => _grain.Activation().Soon());
        Assert.Equal("not now", error.Message);
        MortalGrain.Beginnings.Remove(Key, out _);
        await _grain.Activation().Soon();
        Assert.Equal(["activating", "activating", "activated"], Notes.Of(_grain));
    }

    [Fact]
    public async Task DeactivateOnIdle_lets_the_running_request_end_and_hands_those_that_wait_to_the_next_activation()
    {
        var running = _grain.DeactivateThenWait(_stage.Name);
        await _stage.Entered;
        var waiting = new[] { _grain.Activation(), _grain.Activation() };
        Assert.DoesNotContain(waiting, request => request.IsCompleted);
        _stage.Open();
        var old = await running.Soon();
        Assert.NotEqual(old, Assert.Single((await Task.WhenAll(waiting).Soon()).Distinct()));
        Assert.Equal(
            ["activating", "activated", "ended", "deactivating: ApplicationRequested", "deactivated", "activating", "activated"],
            Notes.Of(_grain));
    }

    [Fact]
    public async Task The_next_activation_begins_when_the_last_one_has_been_deactivated()
    {
        MortalGrain.Ends[Key] = _stage.Enter;
        var open = new Stage();
        open.Open();
        await _grain.DeactivateThenWait(open.Name).Soon();
        await _stage.Entered;
        var next = _grain.Activation();
        await silo.New<IMortalGrain>().Activation().Soon();
        Assert.Single(Notes.Of(_grain), "activating");
        _stage.Open();
        await next.Soon();
        Assert.Equal(
            ["activating", "activated", "ended", "deactivating: ApplicationRequested", "deactivated", "activating", "activated"],
            Notes.Of(_grain));
    }

    [Fact]
    public async Task A_request_that_meets_one_ending_activation_after_another_is_rejected_at_last()
    {
        var running = _grain.DeactivateThenWait(_stage.Name);
        await _stage.Entered;
        var waiting = Enumerable.Range(0, 10).Select(_ => _grain.DeactivateThenWait(_stage.Name)).ToArray();
        await silo.New<IMortalGrain>().Activation().Soon();
        _stage.Open();
        await running.Soon();
        await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => Task.WhenAll(waiting).Soon());
        Assert.Contains(waiting, call => call.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task An_activation_that_works_or_delays_its_end_is_not_collected()
    {
        var call = _grain.Wait(_stage.Name);
        await _stage.Entered;
        await CollectAsync();
        _stage.Open();
        var activation = await call.Soon();
        await _grain.Keep(TimeSpan.FromHours(1)).Soon();
        await CollectAsync();
        Assert.Equal(activation, await _grain.Activation().Soon());
        await _grain.Keep(TimeSpan.Zero).Soon();
        await CollectAsync();
        Assert.NotEqual(activation, await _grain.Activation().Soon());
    }

    private Task CollectAsync() => silo.Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero).Soon();
}
