using Loire.Client.Testing;
using Loire.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Loire.Client.Hosting.Tests;

/// <summary>What a test does in place of an exactly-once handler; by default it copies the value to the same partition of the topic <c>out</c>.</summary>
public sealed class Transform
{
    public Func<ConsumeContext<string, string>, IHandlerOutput<string, string>, CancellationToken, ValueTask> Handle { get; set; } = CopyAsync;

    public static ValueTask CopyAsync(ConsumeContext<string, string> context, IHandlerOutput<string, string> output, CancellationToken cancellation) =>
        output.EnqueueAsync(new TopicPartition("out", context.Record.Partition), new Message<string, string> { Value = context.Value }, cancellation);
}

public sealed class TransformHandler(Transform transform) : IExactlyOnceHandler<string, string, string, string>
{
    public ValueTask HandleAsync(ConsumeContext<string, string> context, IHandlerOutput<string, string> output, CancellationToken cancellation) =>
        transform.Handle(context, output, cancellation);
}

/// <summary>An instance of a service of the group <c>g</c> that handles the topic <c>t</c> exactly once.</summary>
internal sealed class ExactlyOnceHost(IHost host) : IAsyncDisposable
{
    public IHost Host => host;

    public static async Task<ExactlyOnceHost> StartAsync(
        LoireTestCluster cluster, string instance, Transform? transform = null, Action<ExactlyOnceOptions<string, string, string, string>>? configure = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(cluster.Services.GetRequiredService<IGrainFactory>());
        builder.Services.AddSingleton(transform ?? new Transform());
        builder.Services.AddLoireExactlyOnce<TransformHandler, string, string, string, string>("t", options =>
        {
            options.GroupId = "g";
            options.InstanceName = instance;
            options.Retry.Backoff = options.Retry.BackoffMax = TimeSpan.FromMilliseconds(1);
            options.Consumer.MaxPollRecords = 7;
            options.Producer.RetryBackoff = TimeSpan.FromMilliseconds(5);
            configure?.Invoke(options);
        });
        builder.Services.AddHealthChecks().AddLoire();
        var host = builder.Build();
        await host.StartAsync();
        return new ExactlyOnceHost(host);
    }

    /// <summary>What the health checks complain of; empty if nothing.</summary>
    public async Task<string> ComplaintAsync() => string.Join(' ', (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync())
        .Entries.Values.Where(entry => entry.Status != HealthStatus.Healthy).Select(entry => entry.Description));

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}
