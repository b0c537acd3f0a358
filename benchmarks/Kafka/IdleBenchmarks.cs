using System.Diagnostics;
using static Loire.Kafka.Benchmarks.Row;

namespace Loire.Kafka.Benchmarks;

/// <summary>Clients that have nothing to do: consumers at the ends of their partitions, and connections without a request.</summary>
internal static class IdleBenchmarks
{
    private const int Consumers = 1_000;
    private const int Connections = 10_000;
    private const int Threads = 4;
    private const int WaitMs = 500;
    private const int SmallBuffer = 1_024;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(14);

    /// <summary>A thousand consumers of one partition each, without sessions as librdkafka's are, that ask again whenever half a second is over.</summary>
    public static async Task Fetches(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        await node.CreateTopicAsync("idle", Consumers);
        var connections = Enumerable.Range(0, Consumers).Select(_ => RawConnection.Connect(node.KafkaPort, SmallBuffer)).ToArray();
        var (stopped, answered) = (false, 0L);
        var consumers = connections.Chunk(Consumers / Threads).Select((some, chunk) => RawConnection.OnThread(() =>
        {
            var frames = some.Select((_, i) => KafkaFrames.Fetch("idle", (chunk * (Consumers / Threads)) + i, 0, 1024 * 1024, WaitMs)).ToArray();
            for (var i = 0; i < some.Length; i++)
            {
                some[i].Send(frames[i]);
                Thread.Sleep(TimeSpan.FromMilliseconds((double)WaitMs / some.Length));
            }

            while (!Volatile.Read(ref stopped))
            {
                for (var i = 0; i < some.Length; i++)
                {
                    KafkaFrames.Fetched(some[i].Receive());
                    Interlocked.Increment(ref answered);
                    some[i].Send(frames[i]);
                }
            }
        })).ToArray();

        // The first reads open the partitions, and the code is compiled once more.
        await Task.Delay(TimeSpan.FromSeconds(15));
        var (before, readsBefore) = (Interlocked.Read(ref answered), await node.MetricAsync("loire_partition_fetches_total"));
        var spent = await Spent.MeasureAsync(node, () => Task.Delay(Window));
        var (fetches, reads) = (Interlocked.Read(ref answered) - before, await node.MetricAsync("loire_partition_fetches_total") - readsBefore);
        Volatile.Write(ref stopped, true);
        await Task.WhenAll(consumers);
        Array.ForEach(connections, static connection => connection.Dispose());
        await node.SettleAsync();
        var quiet = await Spent.MeasureAsync(node, () => Task.Delay(Window / 2));
        var idle = quiet.NodeSeconds * 2;
        Print(
            $"{Consumers:N0} idle consumers of one partition each: processor time for each empty fetch", $"{(spent.NodeSeconds - idle) * 1e6 / fetches:F1} us",
            $"{fetches / Window.TotalSeconds:F0} fetches/s; the node without them {idle / Window.TotalSeconds:P1} of a core", double.NaN, "microseconds");
        Print("  reads of partitions in that time", $"{reads:F0} for {fetches:N0} fetches", "", reads / fetches, "none");
    }

    /// <summary>Connections that have asked for the versions once.</summary>
    public static async Task Open(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        var frame = KafkaFrames.ApiVersions();
        using (var first = RawConnection.Connect(node.KafkaPort))
        {
            first.Call(frame);
        }

        await node.SettleAsync();
        var before = node.ResidentBytes;
        List<RawConnection> connections = [];
        var start = Stopwatch.GetTimestamp();
        try
        {
            while (connections.Count < Connections)
            {
                var connection = RawConnection.Connect(node.KafkaPort, SmallBuffer);
                connections.Add(connection);
                connection.Call(frame);
            }
        }
        catch (System.Net.Sockets.SocketException limit)
        {
            Console.WriteLine($"The machine allows no more than {connections.Count} connections: {limit.Message}");
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await node.SettleAsync();
        var after = node.ResidentBytes;
        var idle = await Spent.MeasureAsync(node, () => Task.Delay(TimeSpan.FromSeconds(5)));
        Print(
            $"{connections.Count:N0} idle connections: resident memory more than before", $"{(after - before) / 1e6:F0} MB", $"{(after - before) / 1e3 / connections.Count:F1} KB each; before {before / 1e6:F0} MB",
            double.NaN, "< 200 MB");
        Print("  opened; processor time of the node afterwards", $"{connections.Count / seconds:F0}/s; {idle.NodeSeconds / 5:P1} of a core");
        connections.ForEach(static connection => connection.Dispose());
    }

    /// <summary>A new connection and its first answer while another one produces as fast as it can.</summary>
    public static async Task New(string own)
    {
        const int Frames = 6_000, BatchBytes = 128 * 1024, UnderWay = 64;
        await using var node = await LoireNode.StartAsync(own);
        await node.CreateTopicAsync("busy", 1);
        using var producer = RawConnection.Connect(node.KafkaPort);
        var frames = new[] { KafkaFrames.Produce("busy", [0], KafkaFrames.Batch(1_024, BatchBytes, out _)) };
        await producer.PipelineAsync(frames, 500, UnderWay, KafkaFrames.CheckProduced);
        var alone = await ConnectAsync(node, Task.Delay(TimeSpan.FromSeconds(2)));
        var busy = await ConnectAsync(node, producer.PipelineAsync(frames, Frames, UnderWay, KafkaFrames.CheckProduced));
        Print(
            "a new connection and its answer to ApiVersions while produce is saturated: p50; p99", $"{Median(busy):F2}; {Quantile(busy, 0.99):F1} ms",
            $"an idle node {Median(alone):F2}; {Quantile(alone, 0.99):F1} ms", double.NaN, "<= 1 ms");
    }

    private static async Task<List<double>> ConnectAsync(LoireNode node, Task until)
    {
        List<double> took = [];
        await RawConnection.OnThread(() =>
        {
            var frame = KafkaFrames.ApiVersions();
            while (!until.IsCompleted)
            {
                var start = Stopwatch.GetTimestamp();
                using (var connection = RawConnection.Connect(node.KafkaPort, SmallBuffer))
                {
                    connection.Call(frame);
                }

                took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                Thread.Sleep(5);
            }
        });
        await until;
        return took;
    }
}
