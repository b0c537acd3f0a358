using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// The layout of record batches. The stamp is the batch's first 16 bytes with the offset and leader epoch that the log assigns, or the
/// whole header if that is replaced; the rest is the producer's own memory.
/// </summary>
internal sealed class BatchFormat : ItemFormat
{
    public static readonly BatchFormat Instance = new();

    public override int StampBytes(in Item item) => item.Header.IsEmpty ? RecordBatch.StampSize : RecordBatch.HeaderSize;

    public override void Stamp(in Item item, Offset position, LeaderEpoch epoch, Span<byte> destination)
    {
        if (!item.Header.IsEmpty)
        {
            item.Header.Span.CopyTo(destination);
        }

        RecordBatch.Stamp(item.Bytes.Span, position, epoch, destination);
    }

    public override ReadOnlyMemory<byte> Rest(in Item item) => item.Bytes[StampBytes(item)..];
}
