using System.Diagnostics;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>A node that hangs until the others have declared it dead, and then goes on, does no harm and ends itself.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class PausedNodeTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;

    // The exit code of a node that its cluster has given up.
    private const int GivenUp = 3;

    private static readonly TimeSpan DetectionBound = TimeSpan.FromMinutes(1);

    // The table is read again every 5 s at least.
    private static readonly TimeSpan EndBound = TimeSpan.FromMinutes(1);

    [AzuriteFact]
    public async Task Node_that_was_declared_dead_while_paused_ends_itself_and_neither_loses_nor_hides_anything()
    {
        var cluster = await nodes.HealedAsync();
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        var owners = await PartitionOwners.FindAsync(cluster, load);
        var victim = owners.GroupBy(owner => owner).MaxBy(owned => owned.Count())!.Key;

        // Its own clients stay with it, so they ask it as soon as it goes on.
        load.StartProducers(cluster.Nodes);
        load.StartReaders(cluster.Nodes);
        await load.WritesToAllAsync(DetectionBound);
        var paused = Stopwatch.GetTimestamp();
        victim.Process.Pause();
        await Until.TrueAsync(
            "the paused node is declared dead", async () => !(await cluster.StatusesAsync(victim.Id)).Contains("Active"), DetectionBound);
        var detection = Stopwatch.GetElapsedTime(paused);
        await load.WritesToAllAsync(DetectionBound);
        var takeover = Stopwatch.GetElapsedTime(paused);
        victim.Process.Resume();
        var resumed = Stopwatch.GetTimestamp();
        await Until.TrueAsync("the node has ended", () => victim.Process.HasExited, EndBound);
        var end = Stopwatch.GetElapsedTime(resumed);
        await load.EndAsync();
        output.WriteLine(
            $"declared dead after {detection.TotalSeconds:F1} s, all partitions written after {takeover.TotalSeconds:F1} s, ended {end.TotalSeconds:F1} s after it went on; {load.Summary()}");
        Assert.Equal(GivenUp, await victim.Process.WaitForExitAsync());
    }
}
