namespace Loire.Cluster.Tests.Clusters;

/// <summary>A cluster of two nodes on the loopback address, whose gateways the process of the tests reaches: each test begins with both up.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    private ClusterOfProcesses? _cluster;

    internal async Task<ClusterOfProcesses> HealedAsync()
    {
        if (_cluster is null)
        {
            _cluster = await ClusterOfProcesses.StartAsync(2);
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
