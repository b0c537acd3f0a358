namespace Loire.Cluster.Tests.Clusters;

/// <summary>
/// A cluster of three nodes for all tests, which leave it as they may: each test begins with all nodes up. The nodes have networks of their own where that is possible.
/// </summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    private ClusterOfProcesses? _cluster;

    internal async Task<ClusterOfProcesses> HealedAsync()
    {
        if (_cluster is null)
        {
            _cluster = await ClusterOfProcesses.StartAsync(3, NodeNetworks.Problem is null ? NodeNetworks.Create(3) : null, null);
        }
        else
        {
            await _cluster.HealAsync();
        }

        return _cluster;
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await (_cluster?.DisposeAsync() ?? ValueTask.CompletedTask);
}

[CollectionDefinition(nameof(WithThreeNodes))]
public sealed class WithThreeNodes : ICollectionFixture<ThreeNodes>;
