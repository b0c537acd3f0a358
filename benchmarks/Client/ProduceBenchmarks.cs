using System.Diagnostics;
using Loire.Grains.Benchmarks;
using Loire.Storage.Benchmarks;
using static Loire.Client.Benchmarks.Row;

namespace Loire.Client.Benchmarks;

/// <summary>From the application's call to the acknowledgement of a durable write.</summary>
internal static class ProduceBenchmarks
{
    private const int RecordBytes = 100;
    private const int Rounds = 7;

    /// <summary>100-byte records, enqueued one by one and flushed, against a bare loop that writes and syncs as many bytes.</summary>
    public static async Task Enqueue(string own)
    {
        await using var node = await Node.StartAsync(own, cacheBytes: 64L * 1024 * 1024);
        foreach (var partitions in new[] { 1, 16 })
        {
            await node.CreateTopicAsync($"enqueue{partitions}", partitions);
            await using var producer = new LoireClient(node.Grains).CreateProducer<byte[], byte[]>();
            await MeasureAsync(
                node, own, $"100-byte records, `EnqueueAsync` and flush, acks=all, {partitions} partitions", 2_000_000, ">= 1 M/s",
                async (message, records) =>
                {
                    for (var i = 0; i < records; i++)
                    {
                        await producer.EnqueueAsync($"enqueue{partitions}", message);
                    }

                    await producer.FlushAsync();
                });
        }
    }

    /// <summary>The same records, a thousand a call, each with its outcome.</summary>
    public static async Task Batch(string own)
    {
        const int Calls = 8, PerCall = 1_000;
        await using var node = await Node.StartAsync(own, cacheBytes: 64L * 1024 * 1024);
        await node.CreateTopicAsync("batch", 16);
        await using var producer = new LoireClient(node.Grains).CreateProducer<byte[], byte[]>();
        await MeasureAsync(
            node, own, "100-byte records, `ProduceBatchAsync` of 1,000, 8 callers", 1_000_000, "",
            (message, records) => Task.WhenAll(Enumerable.Range(0, Calls).Select(async _ =>
            {
                var messages = Enumerable.Repeat(message, PerCall).ToArray();
                for (var i = 0; i < records / Calls / PerCall; i++)
                {
                    await producer.ProduceBatchAsync("batch", messages);
                }
            })));
    }

    /// <summary>One awaited 100-byte record after the other, against a bare 4 KB append and sync, taking turns.</summary>
    public static async Task Single(string own)
    {
        await using var node = await Node.StartAsync(own);
        await node.CreateTopicAsync("single", 1);
        await using var producer = new LoireClient(node.Grains).CreateProducer<byte[], byte[]>();
        var message = new Message<byte[], byte[]> { Value = new byte[RecordBytes] };
        var block = new byte[4_096];
        using var bare = new Bare(own);
        List<double> ours = [], theirs = [];
        long allocated = 0;
        for (var i = 0; i < 2_200; i++)
        {
            var bytesBefore = GC.GetTotalAllocatedBytes();
            var start = Stopwatch.GetTimestamp();
            await producer.ProduceAsync("single", message);
            var elapsed = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            var bytes = GC.GetTotalAllocatedBytes() - bytesBefore;
            var bareElapsed = bare.WriteAndSync([block]).TotalMicroseconds;
            if (i >= 200)
            {
                ours.Add(elapsed);
                theirs.Add(bareElapsed);
                allocated += bytes;
            }
        }

        Print(
            "one awaited 100-byte record, acks=all, median", $"{Median(ours):F0} us", $"bare 4 KB {Median(theirs):F0} us",
            Median(ours) / Median(theirs), "<= 2");
        Print("  p99", $"{ours[ours.Count * 99 / 100]:F0} us", $"bare {theirs[theirs.Count * 99 / 100]:F0} us");
        Print("  bytes allocated, node included", $"{allocated / (double)ours.Count:F0} B");
    }

    /// <summary>The client without a node behind it.</summary>
    public static async Task Alone(string own)
    {
        await using var producer = new LoireClient(ForgetfulCluster.Create()).CreateProducer<byte[], byte[]>();
        var message = new Message<byte[], byte[]> { Value = new byte[RecordBytes] };
        await MeasureAloneAsync("`EnqueueAsync`", 3_000_000, async records =>
        {
            for (var i = 0; i < records; i++)
            {
                await producer.EnqueueAsync("t", message);
            }

            await producer.FlushAsync();
        });
        await MeasureAloneAsync("`ProduceAsync`, 1,000 at a time", 1_000_000, async records =>
        {
            var calls = new ValueTask<DeliveryResult>[1_000];
            for (var i = 0; i < records; i += calls.Length)
            {
                for (var call = 0; call < calls.Length; call++)
                {
                    calls[call] = producer.ProduceAsync("t", message);
                }

                foreach (var call in calls)
                {
                    await call;
                }
            }
        });
        await MeasureAloneAsync("`ProduceBatchAsync` of 1,000", 2_000_000, async records =>
        {
            var messages = Enumerable.Repeat(message, 1_000).ToArray();
            for (var i = 0; i < records; i += messages.Length)
            {
                await producer.ProduceBatchAsync("t", messages);
            }
        });
        await MeasureAloneAsync("`ProduceAsync`, one after the other", 100_000, async records =>
        {
            for (var i = 0; i < records; i++)
            {
                await producer.ProduceAsync("t", message);
            }
        });
    }

    private static async Task MeasureAloneAsync(string what, int records, Func<int, Task> round)
    {
        await round(records);
        List<double> rates = [], allocated = [], cpu = [];
        for (var i = 0; i < Rounds; i++)
        {
            var bytesBefore = GC.GetTotalAllocatedBytes();
            var cpuBefore = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            await round(records);
            rates.Add(records / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6);
            cpu.Add((Environment.CpuUsage.TotalTime - cpuBefore).TotalMicroseconds / records);
            allocated.Add((GC.GetTotalAllocatedBytes() - bytesBefore) / (double)records);
        }

        Print($"client alone, 100-byte records, {what}", $"{Median(rates):F2} M/s");
        Print("  processor time, bytes allocated a record", $"{Median(cpu):F2} us, {Median(allocated):F0} B");
    }

    private static async Task MeasureAsync(
        Node node, string own, string what, int records, string target, Func<Message<byte[], byte[]>, int, Task> round)
    {
        var message = new Message<byte[], byte[]> { Value = new byte[RecordBytes] };
        await round(message, records);
        using var bare = new Bare(own);
        List<double> rates = [], ratios = [], allocated = [], bareRates = [], cpu = [], perSync = [];
        for (var i = 0; i < Rounds; i++)
        {
            var groups = node.Store.Statistics.Groups;
            var bytesBefore = GC.GetTotalAllocatedBytes();
            var cpuBefore = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            await round(message, records);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            cpu.Add((Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds * 1e6 / records);
            allocated.Add((GC.GetTotalAllocatedBytes() - bytesBefore) / (double)records);
            groups = Math.Max(1, node.Store.Statistics.Groups - groups);

            // As many syncs for as many bytes; a record takes 8 bytes besides its value.
            var piece = new byte[(int)Math.Max(1, records * (RecordBytes + 8L) / groups)];
            double bareSeconds = 0;
            for (var group = 0L; group < groups; group++)
            {
                bareSeconds += bare.WriteAndSync([piece]).TotalSeconds;
            }

            rates.Add(records / seconds / 1e6);
            bareRates.Add(records / bareSeconds / 1e6);
            ratios.Add(rates[^1] / bareRates[^1]);
            perSync.Add(records / (double)groups);
        }

        Print(what, $"{Median(rates):F2} M/s", $"bare, same writes {Median(bareRates):F2} M/s", Median(ratios), target);
        Print("  processor time a record, both sides", $"{Median(cpu):F2} us");
        Print("  bytes allocated a record, node included", $"{Median(allocated):F1} B");
        Print("  records a sync", $"{Median(perSync):F0}");
    }
}
