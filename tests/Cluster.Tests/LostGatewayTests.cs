using System.Diagnostics;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>
/// A client in another process, here in that of the tests, while a node ends or hangs whose gateway it uses. Gateways are on the network of the
/// silos, which the nodes of the other tests may have for themselves.
/// </summary>
[Collection(nameof(WithThreeNodes))]
public sealed class LostGatewayTests(TwoNodes nodes, ITestOutputHelper output) : IClassFixture<TwoNodes>
{
    private const int Partitions = 6;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [AzuriteFact]
    public Task Client_whose_gateway_is_killed_loses_nothing_and_goes_on() => RunAsync(victim => victim.Process.KillAsync());

    [AzuriteFact]
    public Task Client_whose_gateway_hangs_loses_nothing_and_goes_on() => RunAsync(victim =>
    {
        victim.Process.Pause();
        return Task.CompletedTask;
    });

    private async Task RunAsync(Func<ClusterNode, Task> fault)
    {
        var cluster = await nodes.HealedAsync();
        await using var load = await ClientLoad.StartAsync(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        await load.GoesOnAsync(Bound);
        await Until.TrueAsync("the client uses all gateways", () => load.Gateways == cluster.Nodes.Count);
        var begun = Stopwatch.GetTimestamp();
        await fault(cluster.Nodes[0]);
        await load.GoesOnAsync(Bound);
        var pause = Stopwatch.GetElapsedTime(begun);
        await load.EndAsync(cluster.Nodes[1]);
        output.WriteLine($"went on after {pause.TotalSeconds:F1} s; {load.Summary()}");
        await cluster.Nodes[0].Process.KillAsync();
    }
}
