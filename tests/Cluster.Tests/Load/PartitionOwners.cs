using System.Globalization;
using Loire.Cluster.Tests.Clusters;

namespace Loire.Cluster.Tests.Load;

/// <summary>
/// Finds the node that has each partition of an idle cluster, by the nodes' own counts of appends: partition p gets 2^p writes, one by one, so the counts say
/// which of them each node has.
/// </summary>
internal static class PartitionOwners
{
    public static async Task<ClusterNode[]> FindAsync(ClusterOfProcesses cluster, ClusterLoad load)
    {
        var before = await AppendsAsync(cluster);
        var writes = (1L << load.Partitions) - 1;
        for (var partition = 0; partition < load.Partitions; partition++)
        {
            for (var write = 0; write < 1 << partition; write++)
            {
                Assert.True(await load.WriteOnceAsync(cluster.Nodes[partition % cluster.Nodes.Count], partition), load.Summary());
            }
        }

        long[] counts = [];
        await Until.TrueAsync("all appends are counted", async () =>
        {
            counts = [.. (await AppendsAsync(cluster)).Zip(before, (after, earlier) => after - earlier)];
            return counts.Sum() >= writes;
        });
        Assert.Equal(writes, counts.Sum());
        return [.. Enumerable.Range(0, load.Partitions).Select(partition => cluster.Nodes[Array.FindIndex(counts, count => (count >> partition & 1) == 1)])];
    }

    private static async Task<long[]> AppendsAsync(ClusterOfProcesses cluster) => await Task.WhenAll(cluster.Nodes.Select(async node =>
    {
        var metrics = await cluster.Http.GetStringAsync(new Uri(node.Url, "/metrics"));
        return metrics.Split('\n').Where(line => line.StartsWith("loire_partition_appends_total", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }));
}
