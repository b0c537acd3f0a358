using System.Diagnostics;
using Loire.Grains.Benchmarks;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using static Loire.Client.Benchmarks.Row;

namespace Loire.Client.Benchmarks;

/// <summary>What idempotence costs: the same records by two producers that take turns, one idempotent and one not.</summary>
internal static class IdempotenceBenchmarks
{
    private const int RecordBytes = 100;
    private const int Rounds = 11;

    public static async Task All(string own)
    {
        await using (var node = await Node.StartAsync(own, cacheBytes: 64L * 1024 * 1024))
        {
            foreach (var partitions in new[] { 1, 16 })
            {
                var first = (await node.CreateTopicAsync($"idempotent{partitions}", partitions))[0];
                await CheckAsync(new LoireClient(node.Grains), new TopicPartition($"idempotent{partitions}", 0), first);
                await CompareAsync(node.Grains, $"idempotent{partitions}", $"client and node, {partitions} partitions", 2_000_000);
            }
        }

        await CompareAsync(ForgetfulCluster.Create(), "t", "client alone", 3_000_000);
    }

    /// <summary>Ensures that the node takes idempotent batches, without which there would be nothing to compare.</summary>
    private static async Task CheckAsync(LoireClient client, TopicPartition target, IPartitionGrain partition)
    {
        await using var producer = client.CreateProducer<byte[], byte[]>();
        await producer.ProduceAsync(target, new Message<byte[], byte[]> { Value = new byte[RecordBytes] });
        var pieces = (await partition.Fetch(new FetchRequest(Offset.Zero, 1, 0, TimeSpan.Zero), default)).Batches;
        byte[] bytes = [.. pieces.SelectMany(piece => piece.ToArray())];
        if (RecordBatch.TryRead(bytes, out var batch) != ErrorCode.None || batch.ProducerId < 0)
        {
            throw new InvalidOperationException("The node does not take idempotent batches.");
        }
    }

    private static async Task CompareAsync(IGrainFactory grains, string topic, string where, int records)
    {
        var client = new LoireClient(grains);
        await using var with = client.CreateProducer<byte[], byte[]>(new() { EnableIdempotence = true });
        await using var without = client.CreateProducer<byte[], byte[]>(new() { EnableIdempotence = false });
        List<double> costs = [], plainCosts = [], ratios = [], speeds = [];
        await MeasureAsync(without, topic, records);
        await MeasureAsync(with, topic, records);
        for (var i = 0; i < Rounds; i++)
        {
            // Each is first as often as the other: what the first leaves behind may cost the second.
            var first = await MeasureAsync(i % 2 == 0 ? with : without, topic, records);
            var second = await MeasureAsync(i % 2 == 0 ? without : with, topic, records);
            var (idempotent, plain) = i % 2 == 0 ? (first, second) : (second, first);
            costs.Add(idempotent.Cpu);
            plainCosts.Add(plain.Cpu);
            ratios.Add(idempotent.Cpu / plain.Cpu);
            speeds.Add(plain.Seconds / idempotent.Seconds);
        }

        Print(
            $"processor time a 100-byte record with idempotence, {where}", $"{Median(costs):F3} us", $"without: {Median(plainCosts):F3} us", Median(ratios),
            "< 1.03");
        Print("  records per second of the clock, beside without", "", "", Median(speeds));
    }

    private static async Task<(double Cpu, double Seconds)> MeasureAsync(IProducer<byte[], byte[]> producer, string topic, int records)
    {
        var message = new Message<byte[], byte[]> { Value = new byte[RecordBytes] };
        GC.Collect();
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < records; i++)
        {
            await producer.EnqueueAsync(topic, message);
        }

        await producer.FlushAsync();
        return ((Environment.CpuUsage.TotalTime - cpuBefore).TotalMicroseconds / records, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
