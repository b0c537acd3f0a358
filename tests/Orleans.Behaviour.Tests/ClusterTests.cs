using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

public interface ISiloGrain : IGrainWithStringKey
{
    Task<string> Silo();

    Task<string> Wait(string stage);
}

public class SiloGrain(ILocalSiloDetails silo) : Grain, ISiloGrain
{
    private readonly string _place = $"{silo.Name} {Guid.NewGuid()}";

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        this.Note($"deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task<string> Silo() => Task.FromResult(_place);

    public async Task<string> Wait(string stage)
    {
        await Stage.Of(stage).Enter();
        return _place;
    }
}

/// <summary>What a grain's callers meet when silos come and go.</summary>
public class ClusterTests
{
    private readonly Stage _stage = new();

    [Fact]
    public async Task A_grain_has_one_activation_wherever_it_is_called_from()
    {
        await using var cluster = await Silos.StartAsync(3);
        var key = Guid.NewGuid().ToString("N");
        IGrainFactory[] callers = [cluster.Client, .. cluster.Silos.Select(Factory)];
        var calls = Enumerable.Range(0, 100).Select(i => Task.Run(() => callers[i % callers.Length].GetGrain<ISiloGrain>(key).Silo()));
        Assert.Single((await Task.WhenAll(calls).Soon()).Distinct());
    }

    [Fact]
    public async Task Killing_a_silo_fails_the_calls_to_its_grains_and_they_come_back_elsewhere_when_they_are_called_again()
    {
        await using var cluster = await Silos.StartAsync(2);
        var (survivor, victim) = (cluster.Silos[0], cluster.Silos[1]);
        var grain = await PlaceAsync(cluster, victim);
        var seen = Factory(survivor).GetGrain<ISiloGrain>(grain.GetPrimaryKeyString());
        var running = seen.Wait(_stage.Name);
        await _stage.Entered;
        await cluster.KillSiloAsync(victim);
        await Assert.ThrowsAnyAsync<OrleansException>(() => running.Soon());
        _stage.Open();
        Assert.StartsWith(survivor.Name, await seen.Silo().Soon(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_stops_lets_requests_end_before_it_deactivates_their_grains_and_leaves_others_alone()
    {
        await using var cluster = await Silos.StartAsync(2);
        var (survivor, leaving) = (cluster.Silos[0], cluster.Silos[1]);
        var (grain, idle, other) = (await PlaceAsync(cluster, leaving), await PlaceAsync(cluster, leaving), await PlaceAsync(cluster, survivor));
        var running = Factory(survivor).GetGrain<ISiloGrain>(grain.GetPrimaryKeyString()).Wait(_stage.Name);
        await _stage.Entered;
        var stopping = cluster.StopSiloAsync(leaving);
        await Notes.Reached(idle, 1);
        Assert.Empty(Notes.Of(grain));
        Assert.False(stopping.IsCompleted);
        _stage.Open();
        Assert.StartsWith(leaving.Name, await running.Soon(), StringComparison.Ordinal);
        await stopping.Soon();
        Assert.Equal(["deactivated: ShuttingDown"], Notes.Of(grain));
        Assert.StartsWith(survivor.Name, await grain.Silo().Soon(), StringComparison.Ordinal);
        await other.Silo().Soon();
        Assert.Empty(Notes.Of(other));
    }

    private static IGrainFactory Factory(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<IGrainFactory>();

    /// <summary>A grain that is active on a silo of the test's choice.</summary>
    private static async Task<ISiloGrain> PlaceAsync(InProcessTestCluster cluster, InProcessSiloHandle silo)
    {
        var grain = cluster.Client.GetGrain<ISiloGrain>(Guid.NewGuid().ToString("N"));
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
        var place = await grain.Silo().Soon();
        RequestContext.Clear();
        Assert.StartsWith(silo.Name, place, StringComparison.Ordinal);
        return grain;
    }
}
