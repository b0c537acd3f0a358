using System.Diagnostics;
using Loire.Storage.Benchmarks;
using static Loire.Kafka.Benchmarks.Row;

namespace Loire.Kafka.Benchmarks;

/// <summary>One record after the other, each acknowledged before the next, in short slices among slices of bare writes: a disk changes within seconds.</summary>
internal static class AwaitedBenchmarks
{
    private const int Slices = 20;
    private const int PerSlice = 100;
    private const int Connections = 16;

    public static async Task All(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        await node.CreateTopicAsync("awaited", Connections);
        using var bare = new Bare(own);
        foreach (var recordBytes in new[] { 1_024, 100 })
        {
            await MeasureAsync(node, bare, recordBytes, 1, recordBytes == 1_024 ? 120 : double.NaN);
            await MeasureAsync(node, bare, recordBytes, Connections, recordBytes == 1_024 ? 590 : double.NaN);
        }
    }

    private static async Task MeasureAsync(LoireNode node, Bare bare, int recordBytes, int count, double kafka)
    {
        var batch = KafkaFrames.Batch(recordBytes, recordBytes + 100, out _);
        var connections = Enumerable.Range(0, count).Select(_ => RawConnection.Connect(node.KafkaPort)).ToArray();
        var block = new byte[4_096];
        List<double> ours = [], theirs = [];
        double processor = 0;
        for (var slice = 0; slice <= Slices; slice++)
        {
            List<double>[] took = [.. connections.Select(static _ => new List<double>())];
            var spent = await Spent.MeasureAsync(node, () => Task.WhenAll(connections.Select((connection, index) => RawConnection.OnThread(() =>
            {
                var frame = KafkaFrames.Produce("awaited", [index], batch);
                for (var i = 0; i < PerSlice; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    KafkaFrames.CheckProduced(connection.Call(frame));
                    took[index].Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
            }))));
            for (var i = 0; i < PerSlice; i++)
            {
                var microseconds = bare.WriteAndSync([block]).TotalMicroseconds;
                if (slice > 0)
                {
                    theirs.Add(microseconds);
                }
            }

            if (slice > 0)
            {
                ours.AddRange(took.SelectMany(static one => one));
                processor += spent.NodeSeconds * 1e6 / count / PerSlice / Slices;
            }
        }

        var what = $"awaited {(recordBytes == 100 ? "100 B" : "1 KB")}, {(count == 1 ? "one by one" : $"{count} at once, to as many partitions")}";
        var besides = double.IsNaN(kafka) ? "" : $"; Kafka without a sync {kafka:F0} us";
        Print($"{what}: p50", $"{Median(ours):F0} us", $"bare 4 KB append + fdatasync {Median(theirs):F0} us{besides}", Median(ours) / Median(theirs), "bare + 100 us");
        Print("  p99; the node's processor time a record", $"{Quantile(ours, 0.99):F0} us; {processor:F0} us", $"bare p99 {Quantile(theirs, 0.99):F0} us");
        foreach (var connection in connections)
        {
            connection.Dispose();
        }
    }
}
