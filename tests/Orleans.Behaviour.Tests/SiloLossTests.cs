using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

public interface ISiloLossGrain : IGrainWithStringKey
{
    Task<string> Silo();

    Task<string> Wait(string stage);
}

[RandomPlacement]
public class SiloLossGrain(ILocalSiloDetails silo) : Grain, ISiloLossGrain
{
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        this.Note($"deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task<string> Silo() => Task.FromResult(silo.Name);

    public async Task<string> Wait(string stage)
    {
        await Stage.Of(stage).Enter();
        return silo.Name;
    }
}

public class SiloLossTests
{
    [Fact]
    public async Task Killing_a_silo_fails_the_calls_to_its_grains_from_other_silos()
    {
        await using var cluster = await Silos.StartAsync(2);
        var victim = cluster.Silos[1];
        var key = (await GrainOn(cluster, victim)).GetPrimaryKeyString();
        var grain = cluster.Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<ISiloLossGrain>(key);
        var stage = new Stage();
        var running = grain.Wait(stage.Name);
        var waiting = grain.Wait(stage.Name);
        await stage.Entered;
        await cluster.KillSiloAsync(victim);
        await Assert.ThrowsAnyAsync<OrleansMessageRejectionException>(() => running.Soon());
        await Assert.ThrowsAnyAsync<OrleansMessageRejectionException>(() => waiting.Soon());
        stage.Open();
    }

    [Fact]
    public async Task The_grains_of_a_killed_silo_come_back_on_others_when_they_are_called_again()
    {
        await using var cluster = await Silos.StartAsync(3);
        var victim = cluster.Silos[1];
        var grains = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => GrainOn(cluster, victim)));
        await cluster.KillSiloAsync(victim);
        foreach (var grain in grains)
        {
            Assert.NotEqual(victim.Name, await UntilAnswered(grain.Silo));
        }
    }

    [Fact]
    public async Task Grains_of_other_silos_stay_where_they_are_when_one_is_killed()
    {
        await using var cluster = await Silos.StartAsync(2);
        var grain = await GrainOn(cluster, cluster.Silos[0]);
        await cluster.KillSiloAsync(cluster.Silos[1]);
        Assert.Equal(cluster.Silos[0].Name, await UntilAnswered(grain.Silo));
        Assert.Empty(Notes.Of(grain));
    }

    [Fact]
    public async Task Stopping_a_silo_gracefully_deactivates_its_grains_after_their_requests_have_ended()
    {
        await using var cluster = await Silos.StartAsync(2);
        var leaving = cluster.Silos[1];
        var grain = await GrainOn(cluster, leaving);
        var idle = await GrainOn(cluster, leaving);
        var stage = new Stage();
        var running = grain.Wait(stage.Name);
        await stage.Entered;
        var stopping = cluster.StopSiloAsync(leaving);
        while (Notes.Of(idle) is [])
        {
            await Task.Yield();
        }

        Assert.Empty(Notes.Of(grain));
        Assert.False(stopping.IsCompleted);
        stage.Open();
        Assert.Equal(leaving.Name, await running.Soon());
        await stopping.Soon();
        Assert.Equal(["deactivated: ShuttingDown"], Notes.Of(grain));
        Assert.Equal(["deactivated: ShuttingDown"], Notes.Of(idle));
        Assert.NotEqual(leaving.Name, await UntilAnswered(grain.Silo));
    }

    [Fact]
    public async Task A_silo_that_joins_later_takes_grains_too()
    {
        await using var cluster = await Silos.StartAsync(1);
        var joined = await cluster.StartAdditionalSiloAsync();
        await GrainOn(cluster, joined);
    }

    [Fact]
    public async Task A_restarted_silo_has_its_name_and_another_address()
    {
        await using var cluster = await Silos.StartAsync(2);
        var old = cluster.Silos[1];
        var restarted = (await cluster.RestartSiloAsync(old))!;
        Assert.Equal(old.Name, restarted.Name);
        Assert.NotEqual(old.SiloAddress, restarted.SiloAddress);
        await GrainOn(cluster, restarted);
    }

    [Fact]
    public async Task Killing_silos_one_after_the_other_and_starting_others_keeps_a_cluster_at_work()
    {
        await using var cluster = await Silos.StartAsync(3);
        var grains = Enumerable.Range(0, 10).Select(_ => cluster.New<ISiloLossGrain>()).ToArray();
        for (var round = 0; round < 3; round++)
        {
            var victim = cluster.Silos[round % cluster.Silos.Count];
            await cluster.KillSiloAsync(victim);
            var added = await cluster.StartAdditionalSiloAsync();
            foreach (var grain in grains)
            {
                await UntilAnswered(grain.Silo);
            }

            Assert.Contains(added.SiloAddress, cluster.Silos.Select(silo => silo.SiloAddress));
            Assert.Equal(3, cluster.Silos.Count);
        }
    }

    private static async Task<ISiloLossGrain> GrainOn(InProcessTestCluster cluster, InProcessSiloHandle silo)
    {
        while (true)
        {
            var grain = cluster.New<ISiloLossGrain>();
            if (await UntilAnswered(grain.Silo) == silo.Name)
            {
                return grain;
            }
        }
    }

    /// <summary>A cluster needs a moment to notice the loss of a silo; until then it may reject calls.</summary>
    private static async Task<T> UntilAnswered<T>(Func<Task<T>> call)
    {
        while (true)
        {
            try
            {
                return await call().Soon();
            }
            catch (Exception error) when (error is OrleansException or TimeoutException)
            {
                await Task.Yield();
            }
        }
    }
}
