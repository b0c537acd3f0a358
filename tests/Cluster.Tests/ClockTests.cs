using System.Diagnostics;
using System.Globalization;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>Nothing that a cluster promises depends on its nodes' wall clocks.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class ClockTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;
    private const int Minutes = 10;

    private static readonly TimeSpan TakeoverBound = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(50);

    [ShiftedClockFact]
    public async Task Node_whose_clock_is_ten_minutes_ahead_takes_over_from_another_and_lets_it_join_again()
    {
        var cluster = await nodes.HealedAsync();
        var ahead = cluster.Nodes[2];
        ahead.Wrapper = ShiftedClock.Wrapper(Minutes);
        try
        {
            await ahead.Process.KillAsync();
            await cluster.HealAsync();
            Assert.InRange(await StartedAtAsync(cluster, ahead), DateTimeOffset.UtcNow.AddMinutes(Minutes - 2), DateTimeOffset.MaxValue);

            await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
            load.StartProducers(cluster.Nodes, mayMove: true);
            load.StartReaders(cluster.Nodes);
            await using var group = new GroupLoad(cluster, load, members: 2, seed: 0);
            await load.WritesToAllAsync(TakeoverBound);
            var survivors = cluster.Nodes.Skip(1).ToList();
            var begun = Stopwatch.GetTimestamp();
            await cluster.Nodes[0].Process.KillAsync();
            var moments = await Task.WhenAll(Enumerable.Range(0, Partitions)
                .Select(partition => load.FirstWriteAsync(survivors[partition % 2], partition, BetweenAttempts, TakeoverBound)));
            var last = moments.Max(at => Stopwatch.GetElapsedTime(begun, at));

            // The node that is ahead takes one that has just begun to join for one that has tried for ten minutes.
            await cluster.HealAsync();
            await load.EndAsync();
            await group.EndAsync(load.Ends);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the last partition was written after {last.TotalMilliseconds:F0} ms; {load.Summary()}"));
        }
        finally
        {
            ahead.Wrapper = [];
            await ahead.Process.KillAsync();
        }
    }

    private static async Task<DateTimeOffset> StartedAtAsync(ClusterOfProcesses cluster, ClusterNode node)
    {
        using var response = await cluster.Http.GetAsync(new Uri(node.Url, $"/v1/brokers/{node.Id}"));
        return DateTimeOffset.FromUnixTimeMilliseconds((await Silo.Tests.JsonContent.ReadAsync(response)).GetProperty("started_at").GetInt64());
    }
}
