using static Loire.Kafka.Benchmarks.Row;

namespace Loire.Kafka.Benchmarks;

/// <summary>One connection that reads a partition out of the node's cache, one request after the other as Kafka's clients do, beside HTTP and the embedded client.</summary>
internal static class FetchBenchmarks
{
    private const int BatchBytes = 128 * 1024;
    private const int TopicBytes = 300_000_000;
    private const int Rounds = 7;

    // What clients ask for by default, and what they are given to read fast.
    private const int DefaultPartitionBytes = 1024 * 1024;
    private const int LargePartitionBytes = 8 * 1024 * 1024;

    public static async Task All(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        await MeasureAsync(node, own, 1_024, 0.98e6);
        await MeasureAsync(node, own, 100, 6.5e6);
    }

    private static async Task MeasureAsync(LoireNode node, string own, int recordBytes, double kafka)
    {
        var batch = KafkaFrames.Batch(recordBytes, BatchBytes, out var perBatch);
        var (topic, count) = ($"fetch-{recordBytes}", TopicBytes / batch.Length);
        var (records, bytes) = ((long)count * perBatch, (double)count * batch.Length);
        await node.CreateTopicAsync(topic, 1);
        using var connection = RawConnection.Connect(node.KafkaPort);
        await connection.PipelineAsync([KafkaFrames.Produce(topic, [0], batch)], count, 16, KafkaFrames.CheckProduced);
        await using var embedded = await EmbeddedLoad.StartAsync(Path.Combine(own, topic), "embedded", 1);
        await embedded.ProduceAsync(recordBytes, (int)records);
        List<double> rates = [], httpRates = [], embeddedRates = [], costs = [], httpCosts = [], moved = [], movedLarge = [], movedHttp = [], movedCosts = [], movedHttpCosts = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var ours = await Spent.MeasureAsync(node, () => ConsumeAsync(connection, topic, records, DefaultPartitionBytes, decodes: true));
            var overHttp = await Spent.MeasureAsync(node, () => HttpLoad.ConsumeAsync(node.Http, topic, decodes: true));
            var inProcess = await Spent.MeasureAsync(null, () => embedded.ConsumeAsync(records));
            var plain = await Spent.MeasureAsync(node, () => ConsumeAsync(connection, topic, records, DefaultPartitionBytes, decodes: false));
            var large = await Spent.MeasureAsync(node, () => ConsumeAsync(connection, topic, records, LargePartitionBytes, decodes: false));
            var plainHttp = await Spent.MeasureAsync(node, () => HttpLoad.ConsumeAsync(node.Http, topic, decodes: false));
            if (round == 0)
            {
                continue;
            }

            rates.Add(records / ours.Seconds);
            httpRates.Add(records / overHttp.Seconds);
            embeddedRates.Add(records / inProcess.Seconds);
            costs.Add(ours.NodeSeconds * 1e6 / records);
            httpCosts.Add(overHttp.NodeSeconds * 1e6 / records);
            moved.Add(bytes / plain.Seconds / 1e9);
            movedLarge.Add(bytes / large.Seconds / 1e9);
            movedHttp.Add(bytes / plainHttp.Seconds / 1e9);
            movedCosts.Add(plain.NodeSeconds * 1e9 / bytes);
            movedHttpCosts.Add(plainHttp.NodeSeconds * 1e9 / bytes);
        }

        var size = recordBytes == 100 ? "100 B" : "1 KB";
        Print($"consume {size}, 1 partition: records/s", Rate(Median(rates)), $"Kafka {Rate(kafka)}", Median(rates) / kafka, ">= 1");
        Print("  beside HTTP batches", "", Rate(Median(httpRates)), Ratio(rates, httpRates));
        Print("  beside the embedded client", "", Rate(Median(embeddedRates)), Ratio(rates, embeddedRates));
        Print("  the node's processor time a record", $"{Median(costs):F3} us", $"HTTP {Median(httpCosts):F3} us", Ratio(costs, httpCosts));
        Print($"fetch from the cache, records not decoded, {size}: 1 MB at a time", $"{Median(moved):F2} GB/s", $"HTTP {Median(movedHttp):F2} GB/s", Ratio(moved, movedHttp), ">= 1 GB/s");
        Print("  8 MB at a time", $"{Median(movedLarge):F2} GB/s", "", double.NaN, ">= 1 GB/s");
        Print("  the node's processor time a byte", $"{Median(movedCosts):F3} ns", $"HTTP {Median(movedHttpCosts):F3} ns", Ratio(movedCosts, movedHttpCosts));
        await node.DeleteTopicAsync(topic);
    }

    /// <summary>Reads records from the start of a partition.</summary>
    public static Task ConsumeAsync(RawConnection connection, string topic, long records, int partitionBytes, bool decodes) => RawConnection.OnThread(() =>
    {
        for (var (offset, count) = (0L, 0L); count < records;)
        {
            var fetched = KafkaFrames.Fetched(connection.Call(KafkaFrames.Fetch(topic, 0, offset, partitionBytes, maxWaitMs: 500)));
            count += Records.Count(fetched.Span, decodes, out _, out var next);
            offset = next >= 0 ? next : offset;
        }
    });
}
