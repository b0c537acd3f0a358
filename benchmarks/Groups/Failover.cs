using System.Diagnostics;
using Loire.Client;

namespace Loire.Groups.Benchmarks;

/// <summary>
/// From the moment when a member of three dies until each of its partitions is read again. It shares this process with the others, so it
/// dies as a process does that gets SIGKILL as far as the cluster can see: from one moment on it makes no call.
/// </summary>
internal static class Failover
{
    private const int Partitions = 12;
    private const int Deaths = 7;
    private static readonly TimeSpan Session = TimeSpan.FromSeconds(6);

    public static async Task MeasureAsync(string directory)
    {
        await using var node = await GroupNode.StartAsync(directory, cacheBytes: 64 * 1024 * 1024);
        await using var deliveries = new Deliveries(Partitions);
        await deliveries.StartAsync(node.Client, TimeSpan.FromMilliseconds(10));
        var options = new ConsumerOptions<Ignore, Ignore> { GroupId = "readers", SessionTimeout = Session };
        await using var one = new Reader(node.Client, options, deliveries);
        await using var other = new Reader(node.Client, options, deliveries);
        List<double> beyond = [];
        for (var death = 0; death < Deaths; death++)
        {
            var grains = MortalGrains.Over(node.Grains, out var kill);
            var victim = new Reader(new LoireClient(grains), options, new Deliveries(Partitions));
            while (victim.Assignment.Count != Partitions / 3 || one.Assignment.Count + other.Assignment.Count != 2 * Partitions / 3)
            {
                await Task.Delay(5);
            }

            // At any point of its heartbeats.
            await Task.Delay(TimeSpan.FromMilliseconds(400 * death));
            var orphans = victim.Assignment.Select(partition => partition.Partition).ToArray();
            kill();
            var killed = Stopwatch.GetTimestamp();
            while (orphans.Any(partition => deliveries.LastOf(partition) < killed))
            {
                await Task.Delay(1);
            }

            beyond.Add((Stopwatch.GetElapsedTime(killed) - Session).TotalMilliseconds);
        }

        beyond.Sort();
        Row.Print(
            $"death of a member to its partitions being read again, less the session timeout of {Session.TotalSeconds} s, {Deaths} deaths",
            $"{beyond[Deaths / 2]:N0} ms ({beyond[0]:N0} to {beyond[^1]:N0})", target: "< 1,000 ms");
    }
}
