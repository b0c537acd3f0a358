using System.Collections.Concurrent;
using Orleans.Concurrency;
using Orleans.Configuration;

namespace Orleans.Behaviour.Tests;

public interface IMortalGrain : IGrainWithStringKey
{
    Task<string> Activation();

    Task<string> DeactivateThenWait(string stage);

    Task<string> Wait(string stage);

    [AlwaysInterleave]
    Task<string> Peek();

    Task Keep(TimeSpan time);
}

public class MortalGrain : Grain, IMortalGrain
{
    private readonly string _activation = Guid.NewGuid().ToString("N");

    internal static ConcurrentDictionary<string, TaskCompletionSource<DeactivationReasonCode>> Ends { get; } = new();

    internal static ConcurrentDictionary<string, bool> FailsToEnd { get; } = new();

    internal static Task<DeactivationReasonCode> End(IMortalGrain grain) => EndOf(grain).Task.Soon();

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        this.Note($"deactivated: {reason.ReasonCode}");
        EndOf(this).TrySetResult(reason.ReasonCode);
        return FailsToEnd.ContainsKey(this.GetPrimaryKeyString()) ? throw new InvalidOperationException("No.") : Task.CompletedTask;
    }

    public Task<string> Activation() => Task.FromResult(_activation);

    public async Task<string> DeactivateThenWait(string stage)
    {
        DeactivateOnIdle();
        await Stage.Of(stage).Enter();
        this.Note("ended");
        return _activation;
    }

    public async Task<string> Wait(string stage)
    {
        await Stage.Of(stage).Enter();
        return _activation;
    }

    public Task<string> Peek() => Task.FromResult(_activation);

    public Task Keep(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    private static TaskCompletionSource<DeactivationReasonCode> EndOf(IAddressable grain) =>
        Ends.GetOrAdd(grain.GetPrimaryKeyString(), _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

public interface IKeptGrain : IGrainWithStringKey
{
    Task<string> Activation();
}

[KeepAlive]
public class KeptGrain : Grain, IKeptGrain
{
    private readonly string _activation = Guid.NewGuid().ToString("N");

    public Task<string> Activation() => Task.FromResult(_activation);
}

[Collection(OneSilo.Collection)]
public class DeactivationTests(OneSilo silo)
{
    private readonly IMortalGrain _grain = silo.New<IMortalGrain>();
    private readonly Stage _stage = new();

    private IManagementGrain Management => silo.Grains.GetGrain<IManagementGrain>(0);

    [Fact]
    public async Task DeactivateOnIdle_lets_the_request_end_then_deactivates_and_the_next_call_meets_a_new_activation()
    {
        var call = _grain.DeactivateThenWait(_stage.Name);
        await _stage.Entered;
        Assert.Empty(Notes.Of(_grain));
        _stage.Open();
        var old = await call.Soon();
        Assert.NotEqual(old, await _grain.Activation().Soon());
        Assert.Equal(["ended", "deactivated: ApplicationRequested"], Notes.Of(_grain));
    }

    [Fact]
    public async Task Requests_that_wait_go_on_to_the_next_activation_even_those_that_always_interleave()
    {
        var call = _grain.DeactivateThenWait(_stage.Name);
        await _stage.Entered;
        var waiting = new[] { _grain.Activation(), _grain.Peek(), _grain.Activation() };
        Assert.DoesNotContain(waiting, request => request.IsCompleted);
        _stage.Open();
        var old = await call.Soon();
        var next = (await Task.WhenAll(waiting).Soon()).Distinct();
        Assert.NotEqual(old, Assert.Single(next));
    }

    [Fact]
    public async Task A_request_that_meets_three_activations_in_turn_that_are_about_to_end_fails()
    {
        _stage.Open();
        await _grain.Activation().Soon();
        var blocked = new Stage();
        var blocking = _grain.DeactivateThenWait(blocked.Name);
        await blocked.Entered;
        var others = Enumerable.Range(0, 10).Select(_ => _grain.DeactivateThenWait(_stage.Name)).ToArray();
        await silo.New<IMortalGrain>().Activation().Soon();
        blocked.Open();
        await blocking.Soon();
        var answered = 0;
        foreach (var other in others)
        {
            try
            {
                await other.Soon();
                answered++;
            }
            catch (OrleansMessageRejectionException)
            {
            }
        }

        Assert.Equal(2, answered);
    }

    [Fact]
    public async Task A_grain_that_fails_to_deactivate_is_gone_nevertheless()
    {
        MortalGrain.FailsToEnd[_grain.GetPrimaryKeyString()] = true;
        _stage.Open();
        var old = await _grain.DeactivateThenWait(_stage.Name).Soon();
        Assert.NotEqual(old, await _grain.Activation().Soon());
    }

    [Fact]
    public async Task An_unused_activation_is_collected_and_the_next_call_meets_a_new_one()
    {
        var old = await _grain.Activation().Soon();
        await Management.ForceActivationCollection(TimeSpan.Zero).Soon();
        Assert.Equal(DeactivationReasonCode.ActivationIdle, await MortalGrain.End(_grain));
        Assert.NotEqual(old, await _grain.Activation().Soon());
    }

    [Fact]
    public async Task An_activation_that_works_is_not_collected()
    {
        var call = _grain.Wait(_stage.Name);
        await _stage.Entered;
        await Management.ForceActivationCollection(TimeSpan.Zero).Soon();
        _stage.Open();
        Assert.Equal(await call.Soon(), await _grain.Activation().Soon());
    }

    [Fact]
    public async Task An_activation_that_was_used_recently_is_not_collected()
    {
        var old = await _grain.Activation().Soon();
        await Management.ForceActivationCollection(TimeSpan.FromHours(1)).Soon();
        Assert.Equal(old, await _grain.Activation().Soon());
    }

    [Fact]
    public async Task A_grain_can_delay_its_collection_and_take_that_back()
    {
        var old = await _grain.Activation().Soon();
        await _grain.Keep(TimeSpan.FromHours(1)).Soon();
        await Management.ForceActivationCollection(TimeSpan.Zero).Soon();
        Assert.Equal(old, await _grain.Activation().Soon());
        await _grain.Keep(TimeSpan.Zero).Soon();
        await Management.ForceActivationCollection(TimeSpan.Zero).Soon();
        Assert.NotEqual(old, await _grain.Activation().Soon());
    }

    [Fact]
    public async Task A_class_that_is_kept_alive_is_not_collected()
    {
        var grain = silo.New<IKeptGrain>();
        var old = await grain.Activation().Soon();
        await Management.ForceActivationCollection(TimeSpan.Zero).Soon();
        Assert.Equal(old, await grain.Activation().Soon());
    }

    [Fact]
    public async Task Collection_happens_by_itself_after_the_configured_age()
    {
        await using var cluster = await Silos.StartAsync(1, silo => silo.Configure<GrainCollectionOptions>(options =>
        {
            options.CollectionQuantum = TimeSpan.FromMilliseconds(100);
            options.CollectionAge = TimeSpan.FromMilliseconds(200);
        }));
        var grain = cluster.New<IMortalGrain>();
        var old = await grain.Activation().Soon();
        Assert.Equal(DeactivationReasonCode.ActivationIdle, await MortalGrain.End(grain));
        Assert.NotEqual(old, await grain.Activation().Soon());
    }
}
