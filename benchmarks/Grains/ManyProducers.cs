using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using static Loire.Grains.Benchmarks.Rows;

namespace Loire.Grains.Benchmarks;

/// <summary>
/// A partition with a million producer ids in its history, beside one with as many as are remembered: what its next owner reads before it takes an idempotent
/// batch, and how much memory it then has.
/// </summary>
internal static class ManyProducers
{
    private const int BatchesPerAppend = 1_000;
    private const int Many = 1_000_000;
    private static readonly byte[] _value = new byte[20];

    public static async Task RunAsync(string own)
    {
        long written;
        double memory;
        await using (var node = await StartAsync(own))
        {
            await FillAsync((await node.CreateTopicAsync("few", 1))[0], Limits.ProducersPerPartition);
            var before = (Memory: GC.GetTotalMemory(forceFullCollection: true), Bytes: node.Written.Chunks);
            await FillAsync((await node.CreateTopicAsync("many", 1))[0], Many);
            (written, memory) = (node.Written.Chunks - before.Bytes, GC.GetTotalMemory(forceFullCollection: true) - before.Memory);
        }

        var few = await OpenAsync(own, "few");
        var many = await OpenAsync(own, "many");
        Print(
            $"an idempotent batch to a partition with {Many:N0} producer ids in its history, of a node that has just started: bytes read",
            $"{many.Bytes / 1e6:F1} MB", $"all of its log: {written / 1e6:F0} MB", many.Bytes / (double)written, "bounded");
        Print(
            $"  beside one with {Limits.ProducersPerPartition:N0}, which are remembered: bytes; reads of storage", $"{many.Bytes / 1e6:F1} MB; {many.Reads:N0}",
            $"{few.Bytes / 1e6:F1} MB; {few.Reads:N0}", many.Bytes / (double)few.Bytes);
        Print("  memory after that", $"{many.Memory / 1e6:F1} MB", $"{few.Memory / 1e6:F1} MB", many.Memory / few.Memory, "bounded");
        Print("  memory of the node that wrote them, without a cache", $"{memory / 1e6:F1} MB");
    }

    private static async Task<(long Reads, long Bytes, double Memory)> OpenAsync(string own, string topic)
    {
        await using var node = await StartAsync(own);
        await Load.AppendAsync((await node.FindTopicAsync("few"))[0], Load.Batch(1, 20));
        var partition = (await node.FindTopicAsync(topic))[0];
        var (reads, bytes, memory) = (node.Reads, node.ReadBytes, GC.GetTotalMemory(forceFullCollection: true));
        await Load.AppendAsync(partition, Of(producer: 3 * Many, count: 1));
        return (node.Reads - reads, node.ReadBytes - bytes, GC.GetTotalMemory(forceFullCollection: true) - memory);
    }

    private static Task<Node> StartAsync(string own) => Node.StartAsync(own, cacheBytes: 0);

    private static async Task FillAsync(IPartitionGrain partition, int producers)
    {
        for (var first = 0; first < producers; first += BatchesPerAppend)
        {
            await Load.AppendAsync(partition, Of(first, BatchesPerAppend));
        }
    }

    /// <summary>The first batches of so many producers.</summary>
    private static byte[] Of(int producer, int count)
    {
        var batches = new List<byte>();
        for (var i = 0; i < count; i++)
        {
            using var builder = new RecordBatchBuilder { ProducerId = producer + i, ProducerEpoch = 0, BaseSequence = 0 };
            builder.Append(Timestamp.From(DateTimeOffset.UtcNow), default, true, _value, false, []);
            batches.AddRange(builder.Build().Span);
        }

        return [.. batches];
    }
}
