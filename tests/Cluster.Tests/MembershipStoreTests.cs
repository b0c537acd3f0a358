using System.Diagnostics;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>Without the store of the membership table nobody joins and nobody is declared dead, and everything else goes on.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class MembershipStoreTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;

    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [AzuriteFact]
    public async Task Nodes_that_cannot_reach_the_membership_table_serve_all_the_same()
    {
        var cluster = await nodes.HealedAsync();
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        load.StartProducers(cluster.Nodes);
        load.StartReaders(cluster.Nodes);
        await load.WritesToAllAsync(Patience);
        load.ForgetPauses();
        foreach (var node in cluster.Nodes)
        {
            node.Tables.Faults = ProxyFaults.CutOff;
        }

        // Each round ends while nobody can reach the table; the outage is longer than nodes need to suspect each other.
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < Outage;)
        {
            await load.WritesToAllAsync(Patience);
        }

        await load.EndAsync();
        output.WriteLine($"longest pause of a partition {load.LongestPause.TotalMilliseconds:F0} ms; {load.Summary()}");
        Assert.All(cluster.Nodes, node => Assert.False(node.Process.HasExited, node.Process.Output));
        foreach (var node in cluster.Nodes)
        {
            Assert.Equal(["Active"], (await cluster.StatusesAsync(node.Id)).Where(status => status != "Dead"));
        }
    }
}
