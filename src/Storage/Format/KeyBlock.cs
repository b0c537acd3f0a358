using System.Buffers.Binary;
using Loire.Model.Batches;

namespace Loire.Storage.Format;

/// <summary>
/// The layout of a file of keys: for each store file a second copy of the heads of its records, in another file, written without a sync
/// right after each group of records has become durable. Lookups do not need it; it tells what was lost if a store file is damaged,
/// and proves that a group had been durable.
/// <code>
/// file   0  u64  magic "LOIREKEY"
///        8  u32  CRC-32C of bytes 12 to 40
///       12  u32  number of the store file
///       16  16B  identity of the store
///       32  u64  where the records of the store file start
///       40  blocks
/// block  0  u32  magic "LKEY"
///        4  u32  CRC-32C of bytes 8 to the end of the block, seeded with the file's own seed
///        8  u64  every byte of the store file before this position is durable
///       16  u32  bytes of the heads that follow, a multiple of 8
///       20  u32  0
///       24  heads: 48 bytes of <see cref="RecordHead"/> and the key, each padded to a multiple of 8
/// </code>
/// </summary>
internal static class KeyBlock
{
    public const int FileHeaderSize = 40;
    public const int HeaderSize = 24;
    public const uint Magic = 0x5945_4B4C;
    private const ulong FileMagic = 0x5945_4B45_5249_4F4C;

    public static void WriteFileHeader(Span<byte> destination, Guid store, int number, long recordsStart)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, FileMagic);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], number);
        store.TryWriteBytes(destination[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], recordsStart);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Crc32C.Compute(destination[12..FileHeaderSize]));
    }

    public static bool TryReadFileHeader(ReadOnlySpan<byte> source, out Guid store, out int number, out long recordsStart)
    {
        store = new Guid(source[16..32]);
        number = BinaryPrimitives.ReadInt32LittleEndian(source[12..]);
        recordsStart = BinaryPrimitives.ReadInt64LittleEndian(source[32..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(source) == FileMagic
            && BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) == Crc32C.Compute(source[12..FileHeaderSize]);
    }

    /// <summary>Writes the header of a block whose heads already follow it in <paramref name="block"/>.</summary>
    public static void WriteHeader(Span<byte> block, long durableEnd, uint seed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(block[8..], durableEnd);
        BinaryPrimitives.WriteInt32LittleEndian(block[16..], block.Length - HeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(block[20..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], Crc32C.Append(seed, block[8..]));
    }

    /// <summary>Returns the bytes of the heads of the block that starts with <paramref name="header"/>; -1 if it is not a block.</summary>
    public static int HeadsLength(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(header[16..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && length >= 0 && length % RecordHead.Alignment == 0 ? length : -1;
    }

    /// <summary>Verifies a whole block.</summary>
    public static bool IsSound(ReadOnlySpan<byte> block, uint seed, out long durableEnd)
    {
        durableEnd = BinaryPrimitives.ReadInt64LittleEndian(block[8..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(block[4..]) == Crc32C.Append(seed, block[8..]);
    }
}
