using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Orleans.Behaviour.Tests;

public interface IHostedGrain : IGrainWithStringKey
{
    Task<string> Hello();
}

public class HostedGrain(ConcurrentQueue<string> notes) : Grain, IHostedGrain
{
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        notes.Enqueue("grain deactivated");
        return Task.CompletedTask;
    }

    public Task<string> Hello() => Task.FromResult("hello");
}

public sealed class NoteStages(ConcurrentQueue<string> notes) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle)
    {
        Add("active", ServiceLifecycleStage.Active);
        Add("application", ServiceLifecycleStage.ApplicationServices);
        Add("storage", ServiceLifecycleStage.RuntimeStorageServices);

        void Add(string name, int stage) => lifecycle.Subscribe<NoteStages>(stage, _ => Note($"{name} starts"), _ => Note($"{name} stops"));
    }

    private Task Note(string text)
    {
        notes.Enqueue(text);
        return Task.CompletedTask;
    }
}

public sealed class RefusingValidator : IConfigurationValidator
{
    public void ValidateConfiguration() => throw new OrleansConfigurationException("This will not do.");
}

/// <summary>Silos in hosts of their own, as a program has them.</summary>
public class HostTests
{
    private static int _lastPort = 26_000;

    [Fact]
    public async Task A_silo_starts_and_stops_with_its_host_stage_by_stage_and_grains_end_before_the_application_s_services()
    {
        var notes = new ConcurrentQueue<string>();
        using var host = Build(silo =>
        {
            silo.Services.AddSingleton(notes);
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, NoteStages>();
        });
        await host.StartAsync();
        Assert.Equal("hello", await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IHostedGrain>("a").Hello().Soon());
        Assert.Equal("hello", await host.Services.GetRequiredService<IClusterClient>().GetGrain<IHostedGrain>("a").Hello().Soon());
        await host.StopAsync();
        string[] expected =
        [
            "storage starts", "application starts", "active starts",
            "active stops", "grain deactivated", "application stops", "storage stops",
        ];
        Assert.Equal(expected, notes);
    }

    [Fact]
    public async Task A_startup_task_can_call_grains_and_the_host_has_started_when_it_has_ended()
    {
        var answer = "";
        using var host = Build(silo => silo.AddStartupTask(async (services, _) =>
            answer = await services.GetRequiredService<IGrainFactory>().GetGrain<IHostedGrain>("a").Hello()));
        await host.StartAsync();
        Assert.Equal("hello", answer);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_startup_task_that_fails_fails_the_start_of_the_host()
    {
        using var host = Build(silo => silo.AddStartupTask((_, _) => throw new RefusedException("not today", 5)));
        var error = await Assert.ThrowsAsync<RefusedException>(() => host.StartAsync());
        Assert.Equal(5, error.Code);
    }

    [Fact]
    public async Task A_validator_that_refuses_the_configuration_fails_the_start_of_the_host()
    {
        using var host = Build(silo => silo.Services.AddTransient<IConfigurationValidator, RefusingValidator>());
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
    }

    [Fact]
    public async Task A_collection_age_that_is_not_longer_than_the_quantum_is_refused()
    {
        using var host = Build(silo =>
            silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = options.CollectionQuantum));
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
    }

    [Fact]
    public async Task A_silo_that_is_not_told_how_to_find_its_cluster_does_not_start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(_ => { });
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var host = builder.Build();
            await host.StartAsync();
        });
    }

    [Fact]
    public async Task A_silo_knows_its_name_its_cluster_and_its_address()
    {
        var port = Interlocked.Add(ref _lastPort, 2);
        using var host = Build(silo => silo
            .Configure<SiloOptions>(options => options.SiloName = "broker-7")
            .Configure<ClusterOptions>(options => options.ClusterId = "some cluster"), port);
        await host.StartAsync();
        var details = host.Services.GetRequiredService<ILocalSiloDetails>();
        Assert.Equal(("broker-7", "some cluster", port), (details.Name, details.ClusterId, details.SiloAddress.Endpoint.Port));
        Assert.Equal(details.SiloAddress, SiloAddress.FromParsableString(details.SiloAddress.ToParsableString()));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_client_in_a_host_of_its_own_calls_the_grains_of_a_silo()
    {
        var port = Interlocked.Add(ref _lastPort, 2);
        using var silo = Build(_ => { }, port);
        await silo.StartAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client => client.UseLocalhostClustering(port + 1));
        using var client = builder.Build();
        await client.StartAsync();
        Assert.Equal("hello", await client.Services.GetRequiredService<IClusterClient>().GetGrain<IHostedGrain>("a").Hello().Soon());
        await client.StopAsync();
        await silo.StopAsync();
    }

    [Fact]
    public async Task Silos_on_one_machine_with_the_same_primary_silo_are_one_cluster()
    {
        var port = Interlocked.Add(ref _lastPort, 4);
        var primary = new IPEndPoint(IPAddress.Loopback, port);
        using var first = Build(silo => silo.UseLocalhostClustering(port, port + 1, primary), port);
        using var second = Build(silo => silo.UseLocalhostClustering(port + 2, port + 3, primary), port + 2);
        await first.StartAsync();
        await second.StartAsync();
        var hosts = await second.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true).Soon();
        Assert.Equal([port, port + 2], hosts.Keys.Select(address => address.Endpoint.Port).Order());
        await second.StopAsync();
        await first.StopAsync();
    }

    [Fact]
    public async Task Several_calls_of_UseOrleans_configure_one_silo()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var port = Interlocked.Add(ref _lastPort, 2);
        builder.UseOrleans(silo => silo.UseLocalhostClustering(port, port + 1));
        builder.UseOrleans(silo => silo.Configure<SiloOptions>(options => options.SiloName = "the one"));
        builder.Services.AddSingleton(new ConcurrentQueue<string>());
        using var host = builder.Build();
        await host.StartAsync();
        Assert.Equal("the one", Assert.Single(host.Services.GetServices<ILocalSiloDetails>()).Name);
        await host.StopAsync();
    }

    private static IHost Build(Action<ISiloBuilder> configure, int? siloPort = null)
    {
        var port = siloPort ?? Interlocked.Add(ref _lastPort, 2);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(port, port + 1);
            configure(silo);
        });
        builder.Services.TryAddSingleton(new ConcurrentQueue<string>());
        return builder.Build();
    }
}
