using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

public interface IWhereGrain : IGrainWithStringKey
{
    Task<string> Silo();

    Task<string> SiloOfLocalGrain(string key);
}

public interface IAnywhereGrain : IWhereGrain;

public interface ILocalGrain : IWhereGrain;

public interface INamedSiloGrain : IWhereGrain;

public interface IFarGrain : IWhereGrain;

public abstract class WhereGrain : Grain
{
    public Task<string> Silo() => Task.FromResult(ServiceProvider.GetRequiredService<ILocalSiloDetails>().Name);

    public Task<string> SiloOfLocalGrain(string key) => GrainFactory.GetGrain<ILocalGrain>(key).Silo();
}

[RandomPlacement]
public class AnywhereGrain : WhereGrain, IAnywhereGrain;

[PreferLocalPlacement]
public class LocalGrain : WhereGrain, ILocalGrain;

/// <summary>Grains whose key begins with the name of a silo and a slash belong there.</summary>
[NamedSilo]
public class NamedSiloGrain : WhereGrain, INamedSiloGrain;

[NobodysPlacement]
public class FarGrain : WhereGrain, IFarGrain;

[AttributeUsage(AttributeTargets.Class)]
public sealed class NamedSiloAttribute() : PlacementAttribute(new NamedSiloPlacement());

[AttributeUsage(AttributeTargets.Class)]
public sealed class NobodysPlacementAttribute() : PlacementAttribute(new NobodysPlacement());

[GenerateSerializer]
public sealed class NamedSiloPlacement : PlacementStrategy;

[GenerateSerializer]
public sealed class NobodysPlacement : PlacementStrategy;

/// <summary>Knows the silos by name, as a test sets them.</summary>
public sealed class SilosByName
{
    public Dictionary<string, SiloAddress> Addresses { get; } = [];
}

public sealed class NamedSiloDirector(SilosByName silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        Assert.IsType<NamedSiloPlacement>(strategy);
        Assert.Contains(context.LocalSilo, context.GetCompatibleSilos(target));
        var name = target.GrainIdentity.Key.ToString()!.Split('/')[0];
        return silos.Addresses.TryGetValue(name, out var address)
            ? Task.FromResult(address)
            : throw new RefusedException($"There is no silo {name}.", 1);
    }
}

public sealed class ThreeSilos : IAsyncLifetime
{
    private readonly SilosByName _silos = new();

    internal InProcessTestCluster Cluster { get; private set; } = null!;

    public string[] Names => [.. _silos.Addresses.Keys];

    public async Task InitializeAsync()
    {
        Cluster = await Silos.StartAsync(3, silo =>
        {
            silo.Services.AddSingleton(_silos);
            silo.AddPlacementDirector<NamedSiloPlacement, NamedSiloDirector>();
        });
        foreach (var silo in Cluster.Silos)
        {
            _silos.Addresses[silo.Name] = silo.SiloAddress;
        }
    }

    public Task DisposeAsync() => Cluster.DisposeAsync().AsTask();
}

public class PlacementTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    [Fact]
    public async Task Random_placement_uses_all_silos()
    {
        var where = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => silos.Cluster.New<IAnywhereGrain>().Silo())).Soon();
        Assert.Equal(silos.Names.Order(), where.Distinct().Order());
    }

    [Fact]
    public async Task Local_placement_uses_the_silo_of_the_caller()
    {
        for (var i = 0; i < 20; i++)
        {
            var caller = silos.Cluster.New<IAnywhereGrain>();
            Assert.Equal(await caller.Silo().Soon(), await caller.SiloOfLocalGrain(Guid.NewGuid().ToString("N")).Soon());
        }
    }

    [Fact]
    public async Task Local_placement_of_a_grain_called_from_the_host_of_a_silo_uses_that_silo()
    {
        foreach (var silo in silos.Cluster.Silos)
        {
            var grains = silo.ServiceProvider.GetRequiredService<IGrainFactory>();
            Assert.Equal(silo.Name, await grains.GetGrain<ILocalGrain>(Guid.NewGuid().ToString("N")).Silo().Soon());
        }
    }

    [Fact]
    public async Task A_placement_of_the_application_s_own_chooses_the_silo()
    {
        foreach (var name in silos.Names)
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal(name, await silos.Cluster.Client.GetGrain<INamedSiloGrain>($"{name}/{Guid.NewGuid():N}").Silo().Soon());
            }
        }
    }

    [Fact]
    public async Task A_placement_that_fails_fails_the_call()
    {
        var grain = silos.Cluster.Client.GetGrain<INamedSiloGrain>("nowhere/1");
        var error = await Assert.ThrowsAsync<RefusedException>(() => grain.Silo().Soon());
        Assert.Equal("There is no silo nowhere.", error.Message);
    }

    [Fact]
    public async Task A_placement_without_a_director_fails_the_call()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => silos.Cluster.New<IFarGrain>().Silo().Soon());
    }

    [Fact]
    public async Task A_grain_has_one_activation_in_the_cluster_wherever_it_is_called_from()
    {
        var key = Guid.NewGuid().ToString("N");
        var hosts = silos.Cluster.Silos.Select(silo => silo.ServiceProvider.GetRequiredService<IGrainFactory>());
        IGrainFactory[] callers = [.. hosts, silos.Cluster.Client];
        var calls = Enumerable.Range(0, 200).Select(i => Task.Run(() => callers[i % 4].GetGrain<IActivatedGrain>(key).Activation()));
        var answers = await Task.WhenAll(calls).Soon();
        Assert.Single(answers.Distinct());
    }

    [Fact]
    public async Task The_management_grain_knows_the_silos_and_where_a_grain_is_active()
    {
        var management = silos.Cluster.Client.GetGrain<IManagementGrain>(0);
        var hosts = await management.GetHosts(onlyActive: true).Soon();
        Assert.Equal(silos.Cluster.Silos.Select(silo => silo.SiloAddress).Order(), hosts.Keys.Order());
        Assert.All(hosts.Values, status => Assert.Equal(SiloStatus.Active, status));

        var grain = silos.Cluster.New<IAnywhereGrain>();
        var name = await grain.Silo().Soon();
        Assert.Equal(silos.Cluster.Silos.Single(silo => silo.Name == name).SiloAddress, await management.GetActivationAddress(grain));
    }
}
