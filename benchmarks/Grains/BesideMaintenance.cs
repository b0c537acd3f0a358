using System.Diagnostics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Storage.Benchmarks;
using static Loire.Grains.Benchmarks.Rows;

namespace Loire.Grains.Benchmarks;

/// <summary>
/// Producing at full speed while the node deletes or compacts other topics, in turns with the same node while it does not: processor time, and how long
/// appends take. A probe writes and syncs 4 KB to a file of its own all the time, so that a stall of the device is not taken for one of the node.
/// </summary>
internal static class BesideMaintenance
{
    private const int Partitions = 16;
    private const int UnderWay = 4;
    private const int RecordsInBatch = 62;
    private static readonly TimeSpan _turn = TimeSpan.FromSeconds(2.5);
    private static readonly ReadOnlyMemory<byte> _batch = Load.Batch(RecordsInBatch, 1_024);

    /// <summary>Ten times a gigabyte that retention drops.</summary>
    public static async Task RetentionAsync(string own)
    {
        const int Topics = 10;
        const long TopicBytes = 1_000_000_000;
        await using var node = await Node.StartAsync(own, configure: options => options.RetentionCheckInterval = TimeSpan.FromMilliseconds(200));
        for (var topic = 0; topic < Topics; topic++)
        {
            var partitions = await node.CreateTopicAsync($"old-{topic}", Partitions);
            await Task.WhenAll(partitions.SelectMany(partition => Enumerable.Range(0, UnderWay).Select(async _ =>
            {
                for (var bytes = 0L; bytes < TopicBytes / Partitions / UnderWay; bytes += _batch.Length)
                {
                    await Load.AppendAsync(partition, _batch);
                }
            })));
        }

        await MeasureAsync(node, own, $"1 GB of another topic is dropped ({Topics} times)", Topics, async topic =>
        {
            var before = node.Store.Statistics.BytesReclaimed;
            await AlterAsync(node, $"old-{topic}", "retention.bytes", "1");
            return () => node.Store.Statistics.BytesReclaimed - before > TopicBytes * 8 / 10;
        });
    }

    /// <summary>Four topics of 300 MB that are compacted, at the bandwidth that nodes allow by default.</summary>
    public static async Task CompactionAsync(string own)
    {
        const int Topics = 4, Records = 2_500_000, Keys = 250_000, InBatch = 500;
        await using var node = await Node.StartAsync(own, configure: options => options.CompactionCheckInterval = TimeSpan.FromMilliseconds(100));
        var random = new Random(1);
        for (var topic = 0; topic < Topics; topic++)
        {
            var partition = (await node.CreateTopicAsync(
                $"compacted-{topic}", 1, new("cleanup.policy", "compact"), new("min.cleanable.dirty.ratio", "0"), new("min.compaction.lag.ms", "3600000")))[0];
            for (var batch = 0; batch < Records / InBatch; batch += 25)
            {
                await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => Load.AppendAsync(partition, Load.Keyed(random, InBatch, Keys, 100))));
            }
        }

        await MeasureAsync(node, own, $"another topic of {Records:N0} records is compacted ({Topics} times)", Topics, async topic =>
        {
            var progress = new CompactionProgress();
            await AlterAsync(node, $"compacted-{topic}", "min.compaction.lag.ms", "0");
            return () => progress.HasEnded;
        });
    }

    /// <summary>Measures a quiet turn and one beside what <paramref name="begin"/> begins, again and again; what that returns says whether it has ended.</summary>
    private static async Task MeasureAsync(Node node, string own, string what, int pairs, Func<int, Task<Func<bool>>> begin)
    {
        List<Turn> quiet = [], beside = [];
        for (var pair = -1; pair < pairs; pair++)
        {
            var topic = $"new-{pair}";
            var partitions = await node.CreateTopicAsync(topic, Partitions);
            await ProduceAsync(partitions, own, () => true, TimeSpan.FromSeconds(0.5));
            if (pair >= 0)
            {
                quiet.Add(await ProduceAsync(partitions, own, () => true, _turn));
                beside.Add(await ProduceAsync(partitions, own, await begin(pair), _turn));
            }

            // Neither the space nor the work of what was produced belongs to the next turns.
            await node.Grains.GetGrain<ITopicGrain>(topic).Delete();
            await Task.Delay(2_000);
        }

        Print($"produce 1 KB in 64 KB batches to {Partitions} partitions while {what}: MB/s", Of(beside, turn => turn.MegabytesPerSecond),
            $"the quiet node {Of(quiet, turn => turn.MegabytesPerSecond)}", Ratio(turn => turn.MegabytesPerSecond));
        Print("  processor time a record, that of maintenance included", $"{Of(beside, turn => turn.MicrosecondsEach, "F2")} us",
            $"{Of(quiet, turn => turn.MicrosecondsEach, "F2")} us", Ratio(turn => turn.MicrosecondsEach));
        Print("  append, 1 in 2", $"{Of(beside, turn => turn.At(0.5))} ms", $"{Of(quiet, turn => turn.At(0.5))} ms", Ratio(turn => turn.At(0.5)));
        Print("  1 in 100", $"{Of(beside, turn => turn.At(0.99))} ms", $"{Of(quiet, turn => turn.At(0.99))} ms", Ratio(turn => turn.At(0.99)));
        Print("  longest of each turn (worst turn)", $"{Longest(beside, turn => turn.At(1))} ms", $"{Longest(quiet, turn => turn.At(1))} ms",
            Ratio(turn => turn.At(1)), "no stall of ours > 100 ms");
        Print("  longest write and sync of the probe (worst turn)", $"{Longest(beside, turn => turn.LongestSync)} ms",
            $"{Longest(quiet, turn => turn.LongestSync)} ms", Ratio(turn => turn.LongestSync));
        Print("  longest pause of the garbage collector (worst turn)", $"{Longest(beside, turn => turn.LongestPause)} ms",
            $"{Longest(quiet, turn => turn.LongestPause)} ms");

        double Ratio(Func<Turn, double> figure) => Median([.. beside.Zip(quiet, (with, without) => figure(with) / figure(without))]);
    }

    private static string Of(List<Turn> turns, Func<Turn, double> figure, string format = "F0") => Median([.. turns.Select(figure)]).ToString(format);

    private static string Longest(List<Turn> turns, Func<Turn, double> figure) => $"{Of(turns, figure)} ({turns.Max(figure):F0})";

    private static async Task<Turn> ProduceAsync(IPartitionGrain[] partitions, string own, Func<bool> hasEnded, TimeSpan atLeast)
    {
        using var stop = new CancellationTokenSource();
        var probe = new Probe(own, stop.Token);
        var pauses = new Pauses();
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var lanes = partitions.SelectMany(partition => Enumerable.Range(0, UnderWay).Select(_ => LaneAsync(partition))).ToArray();
        do
        {
            await Task.Delay(10);
            pauses.Look();
        }
        while (Stopwatch.GetElapsedTime(start) < atLeast || !hasEnded());

        await stop.CancelAsync();
        var latencies = (await Task.WhenAll(lanes)).SelectMany(lane => lane).Order().ToArray();
        var (seconds, used) = (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds);
        return new Turn(
            latencies, (double)latencies.Length * _batch.Length / seconds / 1e6, used / ((double)latencies.Length * RecordsInBatch), probe.End(), pauses.Longest);

        async Task<List<double>> LaneAsync(IPartitionGrain partition)
        {
            var each = new List<double>();
            while (!stop.IsCancellationRequested)
            {
                var begin = Stopwatch.GetTimestamp();
                await Load.AppendAsync(partition, _batch);
                each.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }

            return each;
        }
    }

    private static async Task AlterAsync(Node node, string topic, string config, string value) =>
        await node.Grains.GetGrain<ITopicGrain>(topic).AlterConfigs(new AlterConfigsRequest([new(config, value)], false));

    /// <summary>What one turn has shown; latencies, in order, and the longest sync and pause in milliseconds.</summary>
    private sealed record Turn(double[] Latencies, double MegabytesPerSecond, double MicrosecondsEach, double LongestSync, double LongestPause)
    {
        /// <summary>The latency that a share of the appends does not exceed.</summary>
        public double At(double share) => Latencies[Math.Min(Latencies.Length - 1, (int)(Latencies.Length * share))];
    }

    /// <summary>Writes and syncs 4 KB every few milliseconds on a thread of its own.</summary>
    private sealed class Probe
    {
        private readonly Thread _thread;
        private double _longest;

        public Probe(string own, CancellationToken stop)
        {
            _thread = new Thread(() =>
            {
                using var bare = new Bare(own);
                var block = new byte[4_096];
                while (!stop.IsCancellationRequested)
                {
                    _longest = Math.Max(_longest, bare.WriteAndSync([block]).TotalMilliseconds);
                    Thread.Sleep(5);
                }
            });
            _thread.Start();
        }

        public double End()
        {
            _thread.Join();
            return _longest;
        }
    }

    /// <summary>The longest pause of the garbage collector, seen by looking often at the last collection of each kind.</summary>
    private sealed class Pauses
    {
        private static readonly GCKind[] _kinds = [GCKind.Ephemeral, GCKind.Background, GCKind.FullBlocking];
        private readonly long _before = GC.GetGCMemoryInfo(GCKind.Any).Index;

        public double Longest { get; private set; }

        public void Look()
        {
            foreach (var kind in _kinds)
            {
                var last = GC.GetGCMemoryInfo(kind);
                foreach (var pause in last.PauseDurations)
                {
                    Longest = last.Index > _before ? Math.Max(Longest, pause.TotalMilliseconds) : Longest;
                }
            }
        }
    }
}
