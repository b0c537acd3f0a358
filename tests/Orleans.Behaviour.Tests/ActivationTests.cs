using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface IActivatedGrain : IGrainWithStringKey
{
    Task<string> Activation();

    Task<IActivatedGrain> Self();

    Task<bool> IsSameGrain(IActivatedGrain other);

    Task<bool> PassesItselfTo(IActivatedGrain other);
}

public class ActivatedGrain(IGrainContext context, IServiceProvider services) : Grain, IActivatedGrain
{
    private readonly string _activation = Guid.NewGuid().ToString("N");
    private string? _activated;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Assert.Same(context, GrainContext);
        Assert.NotNull(services.GetRequiredService<IGrainFactory>());
        this.Note("activating");
        if (Stages.TryGetValue(this.GetPrimaryKeyString(), out var stage))
        {
            await stage.Enter();
        }

        _activated = _activation;
        this.Note("activated");
    }

    internal static ConcurrentDictionary<string, Stage> Stages { get; } = new();

    public Task<string> Activation()
    {
        this.Note("called");
        return Task.FromResult(_activated!);
    }

    public Task<IActivatedGrain> Self() => Task.FromResult(this.AsReference<IActivatedGrain>());

    public Task<bool> IsSameGrain(IActivatedGrain other) => Task.FromResult(other.GetGrainId() == this.GetGrainId() && other is not Grain);

    public Task<bool> PassesItselfTo(IActivatedGrain other) => other.IsSameGrain(this);
}

public interface IUnhappyGrain : IGrainWithStringKey
{
    Task<string> Hello();
}

public class UnhappyGrain : Grain, IUnhappyGrain
{
    internal static ConcurrentDictionary<string, int> FailuresLeft { get; } = new();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        this.Note("activating");
        if (FailuresLeft[key] == 0)
        {
            return Task.CompletedTask;
        }

        FailuresLeft[key]--;
        throw new RefusedException("not now", 3);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        this.Note("deactivating");
        return Task.CompletedTask;
    }

    public Task<string> Hello() => Task.FromResult("hello");
}

public interface IUnmakeableGrain : IGrainWithStringKey
{
    Task Hello();
}

public class UnmakeableGrain : Grain, IUnmakeableGrain
{
    public UnmakeableGrain() => throw new FormatException("cannot be made");

    public Task Hello() => Task.CompletedTask;
}

[Collection(OneSilo.Collection)]
public class ActivationTests(OneSilo silo)
{
    [Fact]
    public async Task A_grain_is_activated_by_its_first_call_and_not_by_a_reference_to_it()
    {
        var grain = silo.New<IActivatedGrain>();
        await silo.New<IActivatedGrain>().Activation().Soon();
        Assert.Empty(Notes.Of(grain));
        await grain.Activation().Soon();
        Assert.Equal(["activating", "activated", "called"], Notes.Of(grain));
    }

    [Fact]
    public async Task Later_calls_meet_the_same_activation()
    {
        var grain = silo.New<IActivatedGrain>();
        var first = await grain.Activation().Soon();
        Assert.Equal(first, await grain.Activation().Soon());
        Assert.Equal(first, await silo.Grains.GetGrain<IActivatedGrain>(grain.GetPrimaryKeyString()).Activation().Soon());
    }

    [Fact]
    public async Task Requests_wait_until_activation_has_ended()
    {
        var grain = silo.New<IActivatedGrain>();
        var stage = ActivatedGrain.Stages[grain.GetPrimaryKeyString()] = new Stage();
        var calls = new[] { grain.Activation(), grain.Activation() };
        await stage.Entered;
        Assert.Equal(["activating"], Notes.Of(grain));
        stage.Open();
        var answers = await Task.WhenAll(calls).Soon();
        Assert.Equal(answers[0], answers[1]);
        Assert.Equal(["activating", "activated", "called", "called"], Notes.Of(grain));
    }

    [Fact]
    public async Task First_calls_at_the_same_time_make_one_activation()
    {
        var key = Guid.NewGuid().ToString("N");
        var calls = Enumerable.Range(0, 100).Select(_ => Task.Run(() => silo.Grains.GetGrain<IActivatedGrain>(key).Activation()));
        var answers = await Task.WhenAll(calls).Soon();
        Assert.Single(answers.Distinct());
        Assert.Single(Notes.Of(key), "activated");
    }

    [Fact]
    public async Task A_failed_activation_fails_the_calls_that_wait_for_it_and_the_next_call_tries_again()
    {
        var grain = silo.New<IUnhappyGrain>();
        UnhappyGrain.FailuresLeft[grain.GetPrimaryKeyString()] = 1;
        var error = await Assert.ThrowsAsync<RefusedException>(() => grain.Hello().Soon());
        Assert.Equal(("not now", 3), (error.Message, error.Code));
        Assert.Equal("hello", await grain.Hello().Soon());
        Assert.Equal(["activating", "activating"], Notes.Of(grain));
    }

    [Fact]
    public async Task A_constructor_that_fails_fails_the_call()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => silo.New<IUnmakeableGrain>().Hello().Soon());
        Assert.IsType<FormatException>(error.InnerException);
    }

    [Fact]
    public async Task References_are_equal_if_they_refer_to_the_same_grain()
    {
        var grain = silo.New<IActivatedGrain>();
        var again = silo.Grains.GetGrain<IActivatedGrain>(grain.GetPrimaryKeyString());
        Assert.Equal(grain, again);
        Assert.Equal(grain.GetHashCode(), again.GetHashCode());
        Assert.NotEqual(grain, silo.New<IActivatedGrain>());
        Assert.Equal(grain, await grain.Self().Soon());
        Assert.Equal(grain, silo.Grains.GetGrain<IActivatedGrain>(grain.GetGrainId()));
    }

    [Fact]
    public async Task A_grain_that_passes_itself_passes_a_reference()
    {
        var (one, other) = (silo.New<IActivatedGrain>(), silo.New<IActivatedGrain>());
        Assert.True(await one.IsSameGrain(one).Soon());
        Assert.False(await other.PassesItselfTo(one).Soon());
    }

    [Fact]
    public void The_id_of_a_grain_is_the_name_of_its_class_and_its_key()
    {
        var id = silo.Grains.GetGrain<IActivatedGrain>("some key").GetGrainId();
        Assert.Equal("activated/some key", id.ToString());
        Assert.Equal(GrainId.Create("activated", "some key"), id);
        Assert.Equal(GrainId.Parse("activated/some key"), id);
        Assert.Equal(("activated", "some key"), (id.Type.ToString(), id.Key.ToString()));
    }

    [Fact]
    public void An_interface_without_a_class_has_no_grains()
    {
        Assert.Throws<ArgumentException>(() => silo.Grains.GetGrain<INobodysGrain>("a"));
    }
}

public interface INobodysGrain : IGrainWithStringKey
{
    [AlwaysInterleave]
    Task Nothing();
}
