using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace Orleans.Behaviour.Tests;

public interface IStagedGrain : IGrainWithStringKey
{
    Task<bool> KnowsItsContext();

    Task End();
}

public class StagedGrain(IGrainContextAccessor accessor) : Grain, IStagedGrain, ILifecycleParticipant<IGrainLifecycle>
{
    public void Participate(IGrainLifecycle lifecycle)
    {
        lifecycle.Subscribe<StagedGrain>(GrainLifecycleStage.SetupState, _ => Note("set up"), _ => Note("torn down"));
        lifecycle.Subscribe<StagedGrain>(GrainLifecycleStage.First, _ => Note("first"), _ => Note("last"));
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken) => Note("activated");

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Note("deactivated");

    public async Task<bool> KnowsItsContext()
    {
        await Task.Yield();
        return accessor.GrainContext == GrainContext && GrainContext.GrainInstance == this;
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    private Task Note(string text)
    {
        Notes.Add(this.GetPrimaryKeyString(), text);
        return Task.CompletedTask;
    }
}

/// <summary>A storage provider that takes part in the life of its silo, as one with files or connections does.</summary>
public sealed class StagedStorage(string name, SilosLife life) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    public string Name { get; } = name;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe<StagedStorage>(
            ServiceLifecycleStage.ApplicationServices, _ => life.Add($"{Name} opens"), _ => life.Add($"{Name} closes"));

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.CompletedTask;

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.CompletedTask;

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.CompletedTask;
}

public sealed class SilosLife
{
    public List<string> Events { get; } = [];

    public Task Add(string text)
    {
        lock (Events)
        {
            Events.Add(text);
        }

        return Task.CompletedTask;
    }
}

[Collection(OneSilo.Collection)]
public class LifecycleTests(OneSilo silo)
{
    [Fact]
    public async Task A_grain_takes_part_in_its_own_lifecycle_stage_by_stage_up_and_down()
    {
        var grain = silo.New<IStagedGrain>();
        await grain.End().Soon();
        while (Notes.Of(grain).Length < 6)
        {
            await silo.New<IStagedGrain>().KnowsItsContext().Soon();
        }

        Assert.Equal(["first", "set up", "activated", "deactivated", "torn down", "last"], Notes.Of(grain));
    }

    [Fact]
    public async Task Services_can_ask_which_grain_s_turn_it_is()
    {
        Assert.True(await silo.New<IStagedGrain>().KnowsItsContext().Soon());
    }

    [Fact]
    public async Task A_storage_provider_is_found_by_its_name_and_takes_part_in_the_life_of_its_silo()
    {
        var life = new SilosLife();
        var cluster = Silos.Build(1, silo =>
        {
            silo.Services.AddSingleton(life);
            silo.Services.AddGrainStorage("staged", (services, name) => ActivatorUtilities.CreateInstance<StagedStorage>(services, name));
        });
        await cluster.DeployAsync();
        var services = cluster.GetSiloServiceProvider();
        Assert.Equal("staged", Assert.IsType<StagedStorage>(services.GetRequiredKeyedService<IGrainStorage>("staged")).Name);
        Assert.Same(services.GetRequiredKeyedService<IGrainStorage>("Default"), services.GetRequiredService<IGrainStorage>());
        Assert.Equal(["staged opens"], life.Events);
        await cluster.DisposeAsync();
        Assert.Equal(["staged opens", "staged closes"], life.Events);
    }
}
