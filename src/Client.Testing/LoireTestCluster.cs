using System.Net;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Testing;

/// <summary>
/// A real node for tests, in this process and in one line: the silo, the grains, the store and the HTTP API that a user runs, on free ports of
/// the loopback address, with data in a temporary directory that goes when the cluster is disposed of.
/// <example><code>
/// await using var cluster = await LoireTestCluster.StartAsync();
/// await cluster.Client.Admin.CreateTopicAsync(new NewTopic("orders", 3));
/// </code></example>
/// </summary>
public sealed class LoireTestCluster : IAsyncDisposable
{
    private readonly Action<NodeOptions>? _configure;
    private readonly string _data;
    private WebApplication? _node;

    private LoireTestCluster(Action<NodeOptions>? configure)
    {
        _configure = configure;
        _data = Directory.CreateTempSubdirectory("loire-test-").FullName;
    }

    /// <summary>Producers, consumers and the admin client. A restart makes a new one; what the old one made is to be disposed of first.</summary>
    public LoireClient Client { get; private set; } = null!;

    /// <summary>Where the HTTP API listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The services of the node, its <see cref="IGrainFactory"/> among them.</summary>
    public IServiceProvider Services => (_node ?? throw new InvalidOperationException("The node is stopped.")).Services;

    /// <summary>Starts a node.</summary>
    /// <param name="configure">Changes the node's options. The directory and the addresses are the cluster's own.</param>
    public static async Task<LoireTestCluster> StartAsync(Action<NodeOptions>? configure = null)
    {
        var cluster = new LoireTestCluster(configure);
        await cluster.StartNodeAsync();
        return cluster;
    }

    /// <summary>Stops the node as SIGTERM does, and starts it on the same data.</summary>
    public async Task RestartAsync()
    {
        await StopNodeAsync();
        await StartNodeAsync();
    }

    /// <summary>Stops the node and removes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopNodeAsync();
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }
    }

    private async Task StartNodeAsync()
    {
        // A test knows who joins, so no group waits for others.
        var options = new NodeOptions { LogLevel = LogLevel.Warning, GroupInitialRebalanceDelay = TimeSpan.Zero };
        _configure?.Invoke(options);
        options.Data = _data;
        options.Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)];
        var node = LoireHost.Build(options);
        await node.StartAsync();
        _node = node;
        Address = new Uri(node.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new LoireClient(
            node.Services.GetRequiredService<IGrainFactory>(), loggers: node.Services.GetRequiredService<ILoggerFactory>());
    }

    private async Task StopNodeAsync()
    {
        if (_node is { } node)
        {
            _node = null;
            await node.StopAsync();
            await node.DisposeAsync();
        }
    }
}
