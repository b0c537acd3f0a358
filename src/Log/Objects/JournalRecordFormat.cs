using System.Buffers.Binary;
using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>
/// The layout of journal records, whose content is opaque to the log.
/// <code>
///   0  u32  length of the record, little-endian
///   4       the record
/// </code>
/// </summary>
internal sealed class JournalRecordFormat : ItemFormat
{
    public static readonly JournalRecordFormat Instance = new();

    private const int StampSize = 4;

    public override int StampBytes(in Item item) => StampSize;

    public override void Stamp(in Item item, Offset position, LeaderEpoch epoch, Span<byte> destination) =>
        BinaryPrimitives.WriteInt32LittleEndian(destination, item.Bytes.Length);

    public override ReadOnlyMemory<byte> Rest(in Item item) => item.Bytes;

    /// <summary>Passes each record of an object to a callback, in order; false if a record is incomplete.</summary>
    public static bool TryReadAll(LogObject source, Action<ReadOnlySpan<byte>> record)
    {
        Invariant.Check(source.Body.Length <= 1, "what is read comes in one piece");
        var rest = source.Body.IsEmpty ? [] : source.Body[0].Span;
        while (rest.Length > 0)
        {
            if (rest.Length < StampSize)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[StampSize..];
            if (length < 0 || length > rest.Length)
            {
                return false;
            }

            record(rest[..length]);
            rest = rest[length..];
        }

        return true;
    }
}
