using static Loire.Kafka.Benchmarks.Row;

namespace Loire.Kafka.Benchmarks;

/// <summary>
/// Two builds of the node in turns, this one and the one whose Loire.Silo.dll LOIRE_BENCH_NODE names: what a change costs or saves, also on a machine that is busy. Read the
/// processor time.
/// </summary>
internal static class CompareBenchmarks
{
    private const int BatchBytes = 128 * 1024;
    private const int Window = 64;
    private const int TurnBytes = 100_000_000;
    private const int ReadsEach = 4;
    private const int WarmUp = 3;
    private const int Rounds = 12;

    public static async Task All(string own)
    {
        if (Environment.GetEnvironmentVariable("LOIRE_BENCH_NODE") is not { Length: > 0 } other)
        {
            return;
        }

        await using var ours = await LoireNode.StartAsync(Directory.CreateDirectory(Path.Combine(own, "ours")).FullName);
        await using var theirs = await LoireNode.StartAsync(Directory.CreateDirectory(Path.Combine(own, "theirs")).FullName, other);
        foreach (var recordBytes in new[] { 1_024, 100 })
        {
            var size = recordBytes == 100 ? "100 B" : "1 KB";
            await ProduceAsync(ours, theirs, $"produce {size}, 1 partition", recordBytes, 1, isTogether: false);
            await FetchAsync(ours, theirs, $"fetch {size}", recordBytes);
            await ProduceAsync(ours, theirs, $"produce {size}, 16 partitions", recordBytes, 16, isTogether: false);
            await ProduceAsync(ours, theirs, $"produce {size}, 16 partitions in each request", recordBytes, 16, isTogether: true);
        }
    }

    private static async Task ProduceAsync(LoireNode ours, LoireNode theirs, string what, int recordBytes, int partitions, bool isTogether)
    {
        var batch = KafkaFrames.Batch(recordBytes, BatchBytes, out var perBatch);
        var (topic, inFrame) = ($"produce-{recordBytes}-{partitions}-{isTogether}", isTogether ? partitions : 1);
        byte[][] frames = isTogether
            ? [KafkaFrames.Produce(topic, Enumerable.Range(0, partitions), batch)]
            : [.. Enumerable.Range(0, partitions).Select(partition => KafkaFrames.Produce(topic, [partition], batch))];
        var count = TurnBytes / batch.Length / inFrame;
        await MeasureAsync(ours, theirs, what, topic, partitions, (double)count * inFrame * perBatch, (connection, _) =>
            connection.PipelineAsync(frames, count, Window / inFrame, KafkaFrames.CheckProduced));
        await Task.WhenAll(ours.DeleteTopicAsync(topic), theirs.DeleteTopicAsync(topic));
    }

    private static async Task FetchAsync(LoireNode ours, LoireNode theirs, string what, int recordBytes)
    {
        var batch = KafkaFrames.Batch(recordBytes, BatchBytes, out var perBatch);
        var (topic, count) = ($"fetch-{recordBytes}", TurnBytes / batch.Length);
        await MeasureAsync(ours, theirs, what, topic, 1, (double)ReadsEach * count * perBatch, async (connection, round) =>
        {
            if (round == 0)
            {
                await connection.PipelineAsync([KafkaFrames.Produce(topic, [0], batch)], count, Window, KafkaFrames.CheckProduced);
            }

            for (var i = 0; i < ReadsEach; i++)
            {
                await FetchBenchmarks.ConsumeAsync(connection, topic, (long)count * perBatch, 1024 * 1024, decodes: false);
            }
        });
        await Task.WhenAll(ours.DeleteTopicAsync(topic), theirs.DeleteTopicAsync(topic));
    }

    private static async Task MeasureAsync(
        LoireNode ours, LoireNode theirs, string what, string topic, int partitions, double records, Func<RawConnection, int, Task> turn)
    {
        await Task.WhenAll(ours.CreateTopicAsync(topic, partitions), theirs.CreateTopicAsync(topic, partitions));
        using var toOurs = RawConnection.Connect(ours.KafkaPort);
        using var toTheirs = RawConnection.Connect(theirs.KafkaPort);
        List<Spent> mine = [], other = [];
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            if (round % 2 == 0)
            {
                await RunAsync(ours, toOurs, mine, round);
            }

            await RunAsync(theirs, toTheirs, other, round);
            if (round % 2 == 1)
            {
                await RunAsync(ours, toOurs, mine, round);
            }
        }

        double Cost(List<Spent> spent) => Median(spent.Select(one => one.NodeSeconds * 1e6 / records));
        double Speed(List<Spent> spent) => Median(spent.Select(one => records / one.Seconds));
        Print(
            what, $"{Cost(mine):F3} us, {Rate(Speed(mine))}/s", $"{Cost(other):F3} us, {Rate(Speed(other))}/s",
            Ratio(mine.Select(static one => one.NodeSeconds), other.Select(static one => one.NodeSeconds)),
            $"rate {Ratio(other.Select(static one => one.Seconds), mine.Select(static one => one.Seconds)):F2}");

        async Task RunAsync(LoireNode node, RawConnection connection, List<Spent> spent, int round)
        {
            var one = await Spent.MeasureAsync(node, () => turn(connection, round));
            if (round >= WarmUp)
            {
                spent.Add(one);
            }
        }
    }
}
