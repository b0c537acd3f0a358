using Loire.Silo.Tests;

namespace Loire.Cli.Tests;

/// <summary>One node for all tests that do not harm it.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    private readonly TemporaryDirectory _data = new();
    private NodeProcess? _node;
    private int _topics;

    public Uri Url => _node!.Url;

    /// <summary>A topic name that no other test uses.</summary>
    public string NewTopicName() => $"topic-{Interlocked.Increment(ref _topics)}";

    public async Task InitializeAsync() => _node = await NodeProcess.StartAsync(_data.Path);

    public async Task DisposeAsync()
    {
        await _node!.DisposeAsync();
        _data.Dispose();
    }
}

[CollectionDefinition(nameof(WithNode))]
public sealed class WithNode : ICollectionFixture<NodeFixture>;
