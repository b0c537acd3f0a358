using System.Globalization;
using Loire.Cluster.Tests.Clusters;

namespace Loire.Cluster.Tests.Load;

/// <summary>
/// Finds the node that has each partition of an idle cluster, by the nodes' own counts of appends: partition p gets 2^p writes, one by one, so the counts say
/// which of them each node has.
/// </summary>
internal static class PartitionOwners
{
    private const int Attempts = 5;

    public static async Task<ClusterNode[]> FindAsync(ClusterOfProcesses cluster, ClusterLoad load)
    {
        for (var attempt = 1; ; attempt++)
        {
            var counts = await CountAsync(cluster, load);

            // More only if something is left of an earlier test, such as commits that are mirrored a little later.
            if (counts.Sum() == Writes(load) || attempt == Attempts)
            {
                Assert.Equal(Writes(load), counts.Sum());
                return [.. Enumerable.Range(0, load.Partitions).Select(partition => cluster.Nodes[Array.FindIndex(counts, count => (count >> partition & 1) == 1)])];
            }
        }
    }

    private static long Writes(ClusterLoad load) => (1L << load.Partitions) - 1;

    private static async Task<long[]> CountAsync(ClusterOfProcesses cluster, ClusterLoad load)
    {
        var before = await AppendsAsync(cluster);
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
            return counts.Sum() >= Writes(load);
        });
        return counts;
    }

    private static async Task<long[]> AppendsAsync(ClusterOfProcesses cluster) => await Task.WhenAll(cluster.Nodes.Select(async node =>
    {
        var metrics = await cluster.Http.GetStringAsync(new Uri(node.Url, "/metrics"));
        return metrics.Split('\n').Where(line => line.StartsWith("loire_partition_appends_total", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }));
}
