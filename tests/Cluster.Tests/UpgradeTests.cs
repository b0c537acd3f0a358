using System.Diagnostics;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Coordination.Brokers;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>Nodes of two builds in one cluster.</summary>
public sealed class UpgradeTests(ITestOutputHelper output)
{
    private const int Partitions = 6;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [UpgradeFact]
    public async Task Cluster_of_an_earlier_build_is_upgraded_one_node_at_a_time_under_load()
    {
        using var earlier = await EarlierBuild.CreateAsync(UpgradeFactAttribute.Commit!);
        await using var cluster = await ClusterOfProcesses.StartAsync(3, networks: null, earlier.Executable);
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        load.StartProducers(cluster.Nodes, mayMove: true);
        load.StartReaders(cluster.Nodes);
        await using var group = new GroupLoad(cluster, load, members: 3, seed: 0);
        await load.WritesToAllAsync(Bound);

        foreach (var node in cluster.Nodes)
        {
            load.ForgetPauses();
            var begun = Stopwatch.GetTimestamp();
            node.Executable = null;
            Assert.Equal(0, await node.Process.StopAsync());
            await cluster.HealAsync();
            await load.WritesToAllAsync(Bound);
            output.WriteLine(
                $"node {node.Id} is of this build after {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s, "
                + $"longest pause of a partition {load.LongestPause.TotalMilliseconds:F0} ms");
        }

        await RaiseLevelAsync(cluster);
        var topic = await cluster.CreateTopicAsync(Partitions);
        Assert.Equal([2, 2, 2], (await PreferredLeadersAsync(cluster, topic)).CountBy(leader => leader).Select(pair => pair.Value));
        await load.WritesToAllAsync(Bound);
        await load.EndAsync();
        await group.EndAsync(load.Ends);
        output.WriteLine(load.Summary());
    }

    private async Task RaiseLevelAsync(ClusterOfProcesses cluster)
    {
        using var answer = await cluster.Http.PostAsync(new Uri(cluster.Nodes[1].Url, "/v1/brokers:upgrade"), null);
        var levels = await Silo.Tests.JsonContent.ReadAsync(answer);
        Assert.True(answer.IsSuccessStatusCode, levels.GetRawText());
        output.WriteLine($"feature level: {levels.GetRawText()}");
        using var brokers = await cluster.Http.GetAsync(new Uri(cluster.Nodes[2].Url, "/v1/brokers"));
        Assert.All(
            (await Silo.Tests.JsonContent.ReadAsync(brokers)).EnumerateArray(),
            broker => Assert.Equal(FeatureLevels.Highest, broker.GetProperty("feature_level").GetInt32()));
    }

    private static async Task<List<int>> PreferredLeadersAsync(ClusterOfProcesses cluster, string topic)
    {
        var leaders = new List<int>();
        for (var partition = 0; partition < Partitions; partition++)
        {
            using var answer = await cluster.Http.GetAsync(new Uri(cluster.Nodes[0].Url, $"/v1/topics/{topic}/partitions/{partition}"));
            leaders.Add((await Silo.Tests.JsonContent.ReadAsync(answer)).GetProperty("preferred_leader").GetInt32());
        }

        return leaders;
    }
}
