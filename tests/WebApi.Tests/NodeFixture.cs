namespace Loire.WebApi.Tests;

/// <summary>A node that the tests of a class share.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    public NodeHost Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await NodeHost.StartAsync();

    public Task DisposeAsync() => Node.DisposeAsync().AsTask();
}
