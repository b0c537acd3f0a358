using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

public interface IConfiguredGrain : IGrainWithStringKey
{
    Task<string> Colour();
}

public class ConfiguredGrain(Colour colour) : Grain, IConfiguredGrain
{
    public Task<string> Colour() => Task.FromResult(colour.Name);
}

public sealed record Colour(string Name);

public class ColourConfigurator : ISiloConfigurator, IHostConfigurator
{
    public void Configure(ISiloBuilder siloBuilder) => siloBuilder.AddMemoryGrainStorageAsDefault();

    public void Configure(IHostBuilder hostBuilder)
    {
        var colour = new Colour(hostBuilder.GetConfigurationValue("colour")!);
        hostBuilder.ConfigureServices(services => services.AddSingleton(colour));
    }
}

/// <summary>The older kind of test cluster, which types configure.</summary>
public class TestClusterTests
{
    [Fact]
    public async Task A_test_cluster_is_configured_by_types_that_learn_of_the_test_by_configuration()
    {
        await using var cluster = await StartAsync(2, "blue");
        foreach (var silo in cluster.Silos)
        {
            var grains = cluster.GetSiloServiceProvider(silo.SiloAddress).GetRequiredService<IGrainFactory>();
            Assert.Equal("blue", await grains.GetGrain<IConfiguredGrain>("a").Colour().Soon());
        }

        Assert.Equal("blue", await cluster.GrainFactory.GetGrain<IConfiguredGrain>("b").Colour().Soon());
    }

    [Fact]
    public async Task Silos_of_a_test_cluster_can_be_killed_stopped_and_added()
    {
        await using var cluster = await StartAsync(3, "green");
        Assert.Equal([cluster.Primary!, .. cluster.SecondarySilos], cluster.Silos);
        var (killed, stopped) = (cluster.SecondarySilos[0], cluster.SecondarySilos[1]);
        await cluster.KillSiloAsync(killed);
        Assert.False(killed.IsActive);
        await cluster.StopSiloAsync(stopped);
        Assert.Equal([cluster.Primary!], cluster.Silos);
        var added = await cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);
        Assert.True(added.IsActive);
        Assert.DoesNotContain(added.SiloAddress, new[] { killed.SiloAddress, stopped.SiloAddress });
        var grains = cluster.GetSiloServiceProvider(added.SiloAddress).GetRequiredService<IGrainFactory>();
        Assert.Equal("green", await grains.GetGrain<IConfiguredGrain>("a").Colour().Soon());
    }

    private static async Task<TestCluster> StartAsync(short silos, string colour)
    {
        var builder = new TestClusterBuilder(silos);
        builder.Properties["colour"] = colour;
        builder.ConfigureHostConfiguration(configuration => configuration.AddInMemoryCollection([new("ConfigureFileLogging", "false")]));
        builder.AddSiloBuilderConfigurator<ColourConfigurator>();
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
