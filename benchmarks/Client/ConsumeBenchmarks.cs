using System.Diagnostics;
using System.Text;
using Loire.Grains.Benchmarks;
using Loire.Model;
using Loire.Model.Batches;
using static Loire.Client.Benchmarks.Row;

namespace Loire.Client.Benchmarks;

/// <summary>
/// Reads two million records of 100 bytes from a partition that is in the node's memory. A rate is given by time and by processor time: the
/// node works in the same process, and its part is in both.
/// </summary>
internal static class ConsumeBenchmarks
{
    private const int Records = 2_000_000;
    private const int RecordBytes = 100;
    private const int PerBatch = 600;
    private const int Rounds = 7;

    public static async Task All(string own)
    {
        await using var node = await Node.StartAsync(own, cacheBytes: 1024L * 1024 * 1024);
        var client = new LoireClient(node.Grains);
        foreach (var compression in new[] { CompressionType.None, CompressionType.Lz4, CompressionType.Zstd })
        {
            var topic = $"consume-{compression}";
            var partition = (await node.CreateTopicAsync(topic, 1))[0];
            var batch = Batch(compression);
            for (var i = 0; i < Records / PerBatch; i += 50)
            {
                await Task.WhenAll(Enumerable.Range(0, Math.Min(50, (Records / PerBatch) - i)).Select(_ => Load.AppendAsync(partition, batch)));
            }

            await Measure<byte[], byte[]>("`byte[]`, one by one", lists: false);
            await Measure<Ignore, byte[]>("`byte[]` without keys, lists", lists: true);
            if (compression == CompressionType.None)
            {
                await Measure<string, string>("`string`, one by one", lists: false);
                await Measure<string, string>("`string`, lists", lists: true);
                await Measure<Ignore, Ignore>("nothing but offsets, one by one", lists: false);
            }

            async Task Measure<TKey, TValue>(string what, bool lists)
            {
                List<double> rates = [], perCpu = [], allocated = [];
                for (var round = 0; round < Rounds; round++)
                {
                    await using var consumer = client.CreateConsumer(
                        new ConsumerOptions<TKey, TValue> { AutoOffsetReset = OffsetSpec.Earliest });
                    GC.Collect();
                    var bytes = GC.GetTotalAllocatedBytes();
                    var cpu = Environment.CpuUsage.TotalTime;
                    var start = Stopwatch.GetTimestamp();
                    await consumer.AssignAsync([new TopicPartition(topic, 0)]);
                    var count = await (lists ? CountListsAsync(consumer) : CountAsync(consumer));
                    rates.Add(count / Stopwatch.GetElapsedTime(start).TotalSeconds);
                    perCpu.Add(count / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
                    allocated.Add((GC.GetTotalAllocatedBytes() - bytes) / (double)count);
                }

                Print(
                    $"consume 100-byte records: {what}, {(compression == CompressionType.None ? "not compressed" : $"{compression}")}",
                    $"{Median(rates) / 1e6:F2} M/s",
                    target: ">= 1 M/s a core");
                Print("  a second of processor time, both sides", $"{Median(perCpu) / 1e6:F2} M");
                Print("  bytes allocated a record, node included", $"{Median(allocated):F0} B");
            }
        }
    }

    private static async Task<int> CountAsync<TKey, TValue>(IConsumer<TKey, TValue> consumer)
    {
        var count = 0;
        await foreach (var _ in consumer.ConsumeAsync())
        {
            if (++count == Records / PerBatch * PerBatch)
            {
                break;
            }
        }

        return count;
    }

    private static async Task<int> CountListsAsync<TKey, TValue>(IConsumer<TKey, TValue> consumer)
    {
        var count = 0;
        await foreach (var list in consumer.ConsumeBatchesAsync())
        {
            if ((count += list.Count) == Records / PerBatch * PerBatch)
            {
                break;
            }
        }

        return count;
    }

    // Keys of 10 bytes and values of 90, half of them the same and half of them not.
    private static ReadOnlyMemory<byte> Batch(CompressionType compression)
    {
        var random = new Random(1);
        using var builder = new RecordBatchBuilder();
        for (var i = 0; i < PerBatch; i++)
        {
            var key = Encoding.ASCII.GetBytes($"key{random.Next(1_000_000):D7}");
            var value = Encoding.ASCII.GetBytes(new string('v', RecordBytes - key.Length));
            for (var at = 0; at < value.Length / 2; at++)
            {
                value[at] = (byte)random.Next('a', 'z');
            }

            builder.Append(new Timestamp(1_767_225_600_000 + i), key, false, value, false);
        }

        return builder.Build(compression);
    }
}
