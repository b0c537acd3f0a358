using Loire.Storage.Benchmarks;
using static Loire.Kafka.Benchmarks.Row;

namespace Loire.Kafka.Benchmarks;

/// <summary>
/// Batches that are made once, pipelined on one connection, beside the same batches over HTTP, the embedded client, and a bare loop that writes and syncs as many bytes as
/// often. All take turns; figures are medians of rounds, ratios medians of those within a round.
/// </summary>
internal static class ProduceBenchmarks
{
    private const int BatchBytes = 128 * 1024;
    private const int LargeBatchBytes = 1_000_000;
    private const int WindowBytes = 8 * 1024 * 1024;
    private const int TurnBytes = 200_000_000;
    private const int Rounds = 7;

    /// <summary>What Kafka 4.4 reaches without a sync, on a machine of the same kind.</summary>
    private static readonly Dictionary<(int RecordBytes, int Partitions), double> _kafka = new()
    {
        [(1_024, 1)] = 271e3,
        [(1_024, 16)] = 279e3,
        [(100, 1)] = 1.7e6,
        [(100, 16)] = 0.89e6,
    };

    public static async Task All(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        foreach (var recordBytes in new[] { 1_024, 100 })
        {
            foreach (var partitions in new[] { 1, 16 })
            {
                await MeasureAsync(node, own, recordBytes, partitions);
            }
        }
    }

    /// <summary>Batches of nearly 1 MB.</summary>
    public static async Task Large(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        foreach (var partitions in new[] { 1, 16 })
        {
            var batch = KafkaFrames.Batch(1_024, LargeBatchBytes, out var records);
            var topic = $"large{partitions}";
            await node.CreateTopicAsync(topic, partitions);
            using var connection = RawConnection.Connect(node.KafkaPort);
            byte[][] frames = [.. Enumerable.Range(0, partitions).Select(partition => KafkaFrames.Produce(topic, [partition], batch))];
            using var bare = new Bare(own);
            List<double> rates = [], bareRates = [], processor = [];
            for (var round = 0; round <= Rounds; round++)
            {
                const int Count = TurnBytes / LargeBatchBytes;
                var (seconds, ofNode, syncs) = await ProduceAsync(node, connection, frames, Count, WindowBytes / LargeBatchBytes);
                var bareSeconds = WriteBare(bare, (long)Count * batch.Length, syncs);
                if (round > 0)
                {
                    rates.Add((double)Count * batch.Length / seconds / 1e6);
                    bareRates.Add((double)Count * batch.Length / bareSeconds / 1e6);
                    processor.Add(ofNode * 1e6 / Count / records);
                }
            }

            Print(
                $"produce batches of 1 MB, {Partitions(partitions)}", $"{Median(rates):F0} MB/s", $"bare gathered write + fdatasync, as many syncs: {Median(bareRates):F0} MB/s",
                Ratio(rates, bareRates), ">= 0.8");
            Print("  the node's processor time a 1 KB record", $"{Median(processor):F2} us");
            await node.DeleteTopicAsync(topic);
        }
    }

    private static async Task MeasureAsync(LoireNode node, string own, int recordBytes, int partitions)
    {
        var batch = KafkaFrames.Batch(recordBytes, BatchBytes, out var perBatch);
        var (topic, http, count) = ($"kafka-{recordBytes}-{partitions}", $"http-{recordBytes}-{partitions}", TurnBytes / batch.Length / 16 * 16);
        var records = (double)count * perBatch;
        await node.CreateTopicAsync(topic, partitions);
        await node.CreateTopicAsync(http, partitions);
        using var connection = RawConnection.Connect(node.KafkaPort);
        byte[][] frames = [.. Enumerable.Range(0, partitions).Select(partition => KafkaFrames.Produce(topic, [partition], batch))];
        byte[][] together = [KafkaFrames.Produce(topic, Enumerable.Range(0, partitions), batch)];
        var embeddedDirectory = Path.Combine(own, topic);
        await using var embedded = await EmbeddedLoad.StartAsync(embeddedDirectory, "embedded", partitions);
        using var bare = new Bare(own);
        List<double> rates = [], togetherRates = [], httpRates = [], embeddedRates = [], bareRates = [];
        List<double> costs = [], togetherCosts = [], httpCosts = [], embeddedCosts = [], perSync = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var (seconds, ofNode, syncs) = await ProduceAsync(node, connection, frames, count, WindowBytes / BatchBytes);
            var (togetherSeconds, togetherOfNode, _) = partitions == 1 ? (seconds, ofNode, syncs)
                : await ProduceAsync(node, connection, together, count / partitions, WindowBytes / BatchBytes / partitions);
            var overHttp = await Spent.MeasureAsync(node, () => HttpLoad.ProduceAsync(node.HttpPort, http, partitions, batch, count));
            await node.SettleAsync();
            var inProcess = await Spent.MeasureAsync(null, () => embedded.ProduceAsync(recordBytes, (int)records));
            var bareSeconds = WriteBare(bare, (long)count * batch.Length, syncs);
            if (round == 0)
            {
                continue;
            }

            rates.Add(records / seconds);
            togetherRates.Add(records / togetherSeconds);
            httpRates.Add(records / overHttp.Seconds);
            embeddedRates.Add(records / inProcess.Seconds);
            bareRates.Add(records / bareSeconds);
            costs.Add(ofNode * 1e6 / records);
            togetherCosts.Add(togetherOfNode * 1e6 / records);
            httpCosts.Add(overHttp.NodeSeconds * 1e6 / records);
            embeddedCosts.Add(inProcess.AllSeconds * 1e6 / records);
            perSync.Add(count * (double)batch.Length / syncs / 1e6);
        }

        var (what, target) = ($"produce {(recordBytes == 100 ? "100 B" : "1 KB")}, {Partitions(partitions)}", _kafka[(recordBytes, partitions)]);
        Print($"{what}: records/s", Rate(Median(rates)), $"Kafka without a sync: {Rate(target)}", Median(rates) / target, ">= 1");
        Print("  beside HTTP batches", "", Rate(Median(httpRates)), Ratio(rates, httpRates));
        Print("  beside the embedded client", "", Rate(Median(embeddedRates)), Ratio(rates, embeddedRates));
        Print("  beside a bare gathered write + fdatasync, as many syncs", "", Rate(Median(bareRates)), Ratio(rates, bareRates));
        if (partitions > 1)
        {
            Print("  all partitions in each request", Rate(Median(togetherRates)), $"{Median(togetherCosts):F3} us a record", Median(togetherRates) / target, ">= 1");
        }

        Print(
            "  the node's processor time a record; MB a sync", $"{Median(costs):F3} us; {Median(perSync):F1}",
            $"HTTP {Median(httpCosts):F3} us; embedded, both sides, {Median(embeddedCosts):F3} us", Ratio(costs, httpCosts));
        await node.DeleteTopicAsync(topic);
        await node.DeleteTopicAsync(http);
    }

    private static async Task<(double Seconds, double NodeSeconds, long Syncs)> ProduceAsync(
        LoireNode node, RawConnection connection, byte[][] frames, int count, int underWay)
    {
        var before = await node.MetricAsync("loire_storage_commits_total");
        var spent = await Spent.MeasureAsync(node, () => connection.PipelineAsync(frames, count, underWay, KafkaFrames.CheckProduced));
        var syncs = (long)(await node.MetricAsync("loire_storage_commits_total") - before);
        await node.SettleAsync();
        return (spent.Seconds, spent.NodeSeconds, Math.Max(1, syncs));
    }

    private static double WriteBare(Bare bare, long bytes, long syncs)
    {
        var (piece, seconds) = (new byte[bytes / syncs], 0d);
        for (var i = 0L; i < syncs; i++)
        {
            seconds += bare.WriteAndSync([piece]).TotalSeconds;
        }

        return seconds;
    }

    private static string Partitions(int count) => count == 1 ? "1 partition" : $"{count} partitions";
}
