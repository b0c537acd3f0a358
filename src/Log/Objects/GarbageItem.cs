using System.Buffers.Binary;

namespace Loire.Log.Objects;

/// <summary>
/// Objects that nothing refers to any more.
/// <code>
///    0  u8   key kind (ObjectKeyKind)
///    1  u24  zero
///    4  i32  count, or -1
///    8  i64  key number of the first
///   16  i32  key index of the first
///   20  u32  zero
///   24  u8   length of the ETag, 0 if it is not known
///   25       the ETag in UTF-8
/// </code>
/// </summary>
/// <param name="First">The first object.</param>
/// <param name="Count">
/// How many: chunks of consecutive ordinals, or parts of consecutive indexes. <see cref="UntilAbsent"/> for the parts that an earlier
/// leader may have left: they are contiguous, and only storage knows their number.
/// </param>
/// <param name="ETag">The version of the first, if known.</param>
internal readonly record struct GarbageItem(ObjectKey First, int Count, string? ETag)
{
    /// <summary>The <see cref="Count"/> of parts whose number is unknown.</summary>
    public const int UntilAbsent = -1;

    private const int FixedBytes = 25;

    /// <summary>Whether an object is one of these.</summary>
    public bool Covers(ObjectKey key) => key.Kind == First.Kind && (key.Kind == ObjectKeyKind.Part
        ? key.Number == First.Number && key.Index >= First.Index && (Count == UntilAbsent || key.Index < First.Index + Count)
        : key.Number >= First.Number && key.Number < First.Number + Count);

    /// <summary>Bytes of all items.</summary>
    public static int SizeOf(ReadOnlySpan<GarbageItem> items)
    {
        var size = 0;
        foreach (ref readonly var item in items)
        {
            size += FixedBytes + ChainEntry.ETagBytes(item.ETag);
        }

        return size;
    }

    /// <summary>Writes items one after the other; returns what is left of the destination.</summary>
    public static Span<byte> Write(ReadOnlySpan<GarbageItem> items, Span<byte> destination)
    {
        foreach (ref readonly var item in items)
        {
            destination[..FixedBytes].Clear();
            destination[0] = (byte)item.First.Kind;
            BinaryPrimitives.WriteInt32LittleEndian(destination[4..], item.Count);
            BinaryPrimitives.WriteInt64LittleEndian(destination[8..], item.First.Number);
            BinaryPrimitives.WriteInt32LittleEndian(destination[16..], item.First.Index);
            destination = ChainEntry.WriteETag(item.ETag, destination[(FixedBytes - 1)..]);
        }

        return destination;
    }

    /// <summary>Reads items until the source ends; false if any is incomplete or invalid.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out GarbageItem[] items)
    {
        var read = new List<GarbageItem>(source.Length / FixedBytes);
        items = [];
        while (source.Length > 0)
        {
            if (source.Length < FixedBytes)
            {
                return false;
            }

            var key = new ObjectKey(
                (ObjectKeyKind)source[0],
                BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(source[16..]));
            var count = BinaryPrimitives.ReadInt32LittleEndian(source[4..]);
            source = source[(FixedBytes - 1)..];
            if (!ChainEntry.TryReadETag(ref source, out var etag)
                || key.Kind is not (ObjectKeyKind.Chunk or ObjectKeyKind.Part) || key.Number < 0 || key.Index < 0
                || count < UntilAbsent || count == 0)
            {
                return false;
            }

            read.Add(new GarbageItem(key, count, etag));
        }

        items = [.. read];
        return true;
    }
}
