using System.Diagnostics;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>Nodes that some of the others, their clients and the store reach and some do not.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class CutOffNodeTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;

    // The exit code of a node that its cluster has given up.
    private const int GivenUp = 3;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StoreCut = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(200);

    [NetworkFact]
    public async Task Node_that_only_its_clients_and_the_store_reach_is_given_up_and_neither_loses_nor_hides_anything()
    {
        var cluster = await nodes.HealedAsync();
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        var owners = await PartitionOwners.FindAsync(cluster, load);
        var victim = owners.GroupBy(owner => owner).MaxBy(owned => owned.Count())!.Key;
        var others = cluster.Nodes.Where(node => node != victim).ToList();

        // Its own clients stay with it as long as it lives: it acknowledges what its partitions write until it is given up.
        load.StartProducers(cluster.Nodes);
        load.StartReaders(cluster.Nodes);
        await load.WritesToAllAsync(Bound);
        var begun = Stopwatch.GetTimestamp();
        victim.CutOffFromOthers();
        var moments = await Task.WhenAll(Enumerable.Range(0, Partitions)
            .Select(partition => load.FirstWriteAsync(others[partition % others.Count], partition, BetweenAttempts, Bound)));
        await Until.TrueAsync("the node has ended", () => victim.Process.HasExited, Bound);
        var end = Stopwatch.GetElapsedTime(begun);
        await load.EndAsync();
        var times = moments.Select(at => $"{Stopwatch.GetElapsedTime(begun, at).TotalSeconds:F1}");
        output.WriteLine(
            $"node {victim.Id} of {owners.Count(owner => owner == victim)} partitions ended after {end.TotalSeconds:F1} s; "
            + $"the others wrote to the partitions after {string.Join(", ", times)} s; {load.Summary()}");
        Assert.Equal(GivenUp, await victim.Process.WaitForExitAsync());
        Assert.All(others, node => Assert.False(node.Process.HasExited, node.Process.Output));
    }

    [AzuriteFact]
    public async Task Node_that_only_the_others_and_its_clients_reach_loses_nothing_and_serves_again_when_its_store_answers()
    {
        var cluster = await nodes.HealedAsync();
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        var owners = await PartitionOwners.FindAsync(cluster, load);
        var victim = owners.GroupBy(owner => owner).MaxBy(owned => owned.Count())!.Key;
        load.StartProducers(cluster.Nodes);
        load.StartReaders(cluster.Nodes);
        await load.WritesToAllAsync(Bound);
        (victim.Blobs.Faults, victim.Tables.Faults) = (ProxyFaults.Silent, ProxyFaults.Silent);
        var begun = Stopwatch.GetTimestamp();
        await Task.Delay(StoreCut);

        // What the other nodes lead goes on.
        var healthy = Enumerable.Range(0, Partitions).Where(partition => owners[partition] != victim).ToList();
        await Task.WhenAll(healthy.Select(partition => load.FirstWriteAsync(owners[partition], partition, BetweenAttempts, Bound)));
        (victim.Blobs.Faults, victim.Tables.Faults) = (ProxyFaults.None, ProxyFaults.None);
        var mended = Stopwatch.GetTimestamp();
        await load.WritesToAllAsync(Bound);
        var again = Stopwatch.GetElapsedTime(mended);
        await load.EndAsync();
        output.WriteLine(
            $"node {victim.Id} of {owners.Count(owner => owner == victim)} partitions without its store for {Stopwatch.GetElapsedTime(begun, mended).TotalSeconds:F1} s; "
            + $"all partitions were written {again.TotalSeconds:F1} s later; longest pause {load.LongestPause.TotalSeconds:F1} s; {load.Summary()}");
        Assert.All(cluster.Nodes, node => Assert.False(node.Process.HasExited, node.Process.Output));
    }
}
