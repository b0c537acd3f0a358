using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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

/// <summary>Silos in hosts of their own, as a node has them.</summary>
public class HostTests
{
    private readonly ConcurrentQueue<string> _notes = new();

    [Fact]
    public async Task Stages_start_from_storage_on_and_stop_in_reverse_with_grains_deactivated_after_what_stops_first_and_before_services()
    {
        using var host = Build(silo =>
        {
            AddStage(silo, "active", ServiceLifecycleStage.Active);
            AddStage(silo, "application", ServiceLifecycleStage.ApplicationServices);
            AddStage(silo, "storage", ServiceLifecycleStage.RuntimeStorageServices);
            silo.Services.AddSingleton<IDisposable, Store>();
            silo.AddStartupTask(async (services, _) =>
                _notes.Enqueue(await services.GetRequiredService<IGrainFactory>().GetGrain<IHostedGrain>("a").Hello()));
        });
        host.Services.GetRequiredService<IDisposable>();
        await host.StartAsync().Soon();
        string[] started = [.. _notes];
        Assert.Equal(["active starts", "application starts", "hello", "storage starts"], started.Order());
        Assert.Equal(["storage starts", "application starts"], started[..2]);
        _notes.Clear();
        Assert.Equal("hello", await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IHostedGrain>("a").Hello().Soon());
        await host.StopAsync().Soon();
        host.Dispose();
        Assert.Equal(["active stops", "grain deactivated", "application stops", "storage stops", "store disposed"], _notes);
    }

    [Fact]
    public async Task What_a_stage_throws_fails_the_start_of_the_host_as_it_is()
    {
        using var host = Build(silo => silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            new Stages("store", ServiceLifecycleStage.RuntimeStorageServices, _ => throw new IOException("It is locked."))));
        var error = await Assert.ThrowsAsync<IOException>(() => host.StartAsync().Soon());
        Assert.Equal("It is locked.", error.Message);
    }

    [Fact]
    public async Task Several_calls_of_UseOrleans_configure_one_silo_which_needs_no_gateway()
    {
        var builder = Builder(_ => { });
        builder.UseOrleans(silo => silo.Configure<SiloOptions>(options => options.SiloName = "the one"));
        using var host = builder.Build();
        await host.StartAsync().Soon();
        Assert.Equal("the one", Assert.Single(host.Services.GetServices<ILocalSiloDetails>()).Name);
        Assert.Equal("hello", await host.Services.GetRequiredService<IClusterClient>().GetGrain<IHostedGrain>("a").Hello().Soon());
        await host.StopAsync().Soon();
    }

    private void AddStage(ISiloBuilder silo, string name, int stage) =>
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new Stages(name, stage, _notes.Enqueue));

    private IHost Build(Action<ISiloBuilder> configure) => Builder(configure).Build();

    private HostApplicationBuilder Builder(Action<ISiloBuilder> configure)
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(_ => _notes);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(((IPEndPoint)port.LocalEndpoint).Port, gatewayPort: 0);
            configure(silo);
        });
        return builder;
    }

    private sealed class Stages(string name, int stage, Action<string> note) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(name, stage, _ => Note("starts"), _ => Note("stops"));

        private Task Note(string what)
        {
            note($"{name} {what}");
            return Task.CompletedTask;
        }
    }

    private sealed class Store(ConcurrentQueue<string> notes) : IDisposable
    {
        public void Dispose() => notes.Enqueue("store disposed");
    }
}
