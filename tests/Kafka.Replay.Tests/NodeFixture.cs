using System.Net;
using Loire.Kafka.Replay.Players;

namespace Loire.Kafka.Replay.Tests;

/// <summary>A node for all tests of a class.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private ReplayNode? _node;

    /// <summary>Where Kafka's clients are served.</summary>
    public IPEndPoint Kafka => _node!.Kafka;

    public IGrainFactory Grains => _node!.Grains;

    public async Task InitializeAsync() => _node = await ReplayNode.StartAsync(ReplayNode.RecordedAt);

    public async Task DisposeAsync() => await _node!.DisposeAsync();
}
