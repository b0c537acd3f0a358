using System.Collections.Concurrent;
using System.Threading.Channels;
using Loire.Client.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Loire.Client.Hosting.Tests;

/// <summary>What a test does in place of a handler, and what it saw.</summary>
public sealed class Probe
{
    private readonly Channel<ConsumeContext<string, string>> _seen = Channel.CreateUnbounded<ConsumeContext<string, string>>();

    /// <summary>Runs within the handler's call.</summary>
    public Func<ConsumeContext<string, string>, CancellationToken, ValueTask> Handle { get; set; } = (_, _) => ValueTask.CompletedTask;

    /// <summary>Every call in the order of their beginnings.</summary>
    public ConcurrentQueue<ConsumeContext<string, string>> Calls { get; } = new();

    public async ValueTask HandleAsync(ConsumeContext<string, string> context, CancellationToken cancellation)
    {
        Calls.Enqueue(context);
        await Handle(context, cancellation);
        _seen.Writer.TryWrite(context);
    }

    /// <summary>The next calls that ended well.</summary>
    public async Task<List<ConsumeContext<string, string>>> TakeAsync(int count)
    {
        var taken = new List<ConsumeContext<string, string>>();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (taken.Count < count)
        {
            taken.Add(await _seen.Reader.ReadAsync(timeout.Token));
        }

        return taken;
    }
}

public sealed class ProbeHandler(Probe probe) : IMessageHandler<string, string>
{
    public ValueTask HandleAsync(ConsumeContext<string, string> context, CancellationToken cancellation) =>
        probe.HandleAsync(context, cancellation);
}

/// <summary>An application that handles the topic <c>t</c> of a cluster.</summary>
internal sealed class HandlerHost(IHost host, Probe probe) : IAsyncDisposable
{
    public IHost Host => host;

    public Probe Probe => probe;

    public static async Task<HandlerHost> StartAsync(
        LoireTestCluster cluster, Action<HandlerOptions<string, string>>? configure = null, IPositionStore? positions = null, Probe? probe = null)
    {
        probe ??= new Probe();
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(cluster.Services.GetRequiredService<IGrainFactory>());
        builder.Services.AddSingleton(probe);
        if (positions is not null)
        {
            builder.Services.AddSingleton(positions);
        }

        builder.Services.AddLoireConsumer<ProbeHandler, string, string>("t", options =>
        {
            options.CommitInterval = TimeSpan.FromMilliseconds(50);
            options.Retry.Backoff = TimeSpan.FromMilliseconds(1);
            options.Retry.BackoffMax = TimeSpan.FromMilliseconds(1);
            configure?.Invoke(options);
        });
        builder.Services.AddHealthChecks().AddLoire();
        var host = builder.Build();
        await host.StartAsync();
        return new HandlerHost(host, probe);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        if (host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }
}
