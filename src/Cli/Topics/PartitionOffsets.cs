using System.Text.Json.Nodes;
using Loire.Cli.Node;
using Loire.Model;

namespace Loire.Cli.Topics;

/// <summary>Queries the bounds of several partitions' logs, with bounded concurrency.</summary>
internal static class PartitionOffsets
{
    private const int AtOnce = 16;

    public static readonly string[] Columns =
        ["partition", "log_start_offset", "last_stable_offset", "high_watermark", "log_end_offset", "records"];

    public static Task<JsonObject[]> ReadAsync(NodeClient node, string topic, int[] partitions, CancellationToken cancellation) =>
        EachAsync(
            partitions,
            async (partition, ending) =>
            {
                var offsets = await node.OffsetsAsync(topic, partition, ending);
                offsets["records"] = (long)offsets["high_watermark"]! - (long)offsets["log_start_offset"]!;
                return offsets;
            },
            cancellation);

    public static Task<JsonObject[]> ReadAtAsync(
        NodeClient node, string topic, int[] partitions, Timestamp time, CancellationToken cancellation) =>
        EachAsync(partitions, (partition, ending) => node.OffsetAtAsync(topic, partition, time, ending), cancellation);

    /// <summary>Runs a query for each partition; the results are in the order of the partitions.</summary>
    public static async Task<T[]> EachAsync<T>(int[] partitions, Func<int, CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        var answers = new T[partitions.Length];
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, partitions.Length), options, async (index, ending) =>
        {
            answers[index] = await ask(partitions[index], ending);
        });
        return answers;
    }
}
