using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Model;

namespace Loire.Cli.Consume.Reading;

/// <summary>The range of offsets to read from one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="From">The first offset.</param>
/// <param name="End">The offset after the last one; null for no end.</param>
internal sealed record PartitionRange(int Partition, long From, long? End)
{
    /// <summary>
    /// Resolves a choice to offsets. The end is fixed here, so that a busy topic cannot keep the reader from stopping.
    /// </summary>
    public static async Task<PartitionRange> ResolveAsync(
        NodeClient node, string topic, int partition, OffsetChoice choice, bool stopsAtEnd, CancellationToken cancellation)
    {
        var bounds = await node.OffsetsAsync(topic, partition, cancellation);
        var (start, highWatermark) = ((long)bounds["log_start_offset"]!, (long)bounds["high_watermark"]!);
        async Task<long> AtAsync(Timestamp time) =>
            (long?)(await node.OffsetAtAsync(topic, partition, time, cancellation))["offset"] ?? highWatermark;

        var from = choice.From.Kind switch
        {
            OffsetSpecKind.Earliest => start,
            OffsetSpecKind.Latest => Math.Max(start, highWatermark - choice.BeforeEnd),
            OffsetSpecKind.Time => await AtAsync(new Timestamp(choice.From.Number)),
            _ when choice.From.Number < start || choice.From.Number > highWatermark => throw new NodeException(
                ErrorCode.OffsetOutOfRange,
                $"Partition {partition} holds the offsets from {start} up to {highWatermark}, not {choice.From.Number}.",
                ExitCode.Error,
                isRetriable: false,
                Hints.For(ErrorCode.OffsetOutOfRange)),
            _ => choice.From.Number,
        };
        long? end = choice.Stop != Timestamp.None ? await AtAsync(choice.Stop) : stopsAtEnd ? highWatermark : null;
        return new PartitionRange(partition, from, end);
    }
}
