using System.Buffers.Binary;
using Loire.Model.Batches;

namespace Loire.Storage.Format;

/// <summary>A store file as listed in a checkpoint.</summary>
internal sealed record CheckpointedFile(
    int Number, bool IsQuarantined, long RecordsStart, long End, IReadOnlyDictionary<int, long> Tombstones);

/// <summary>
/// The header of a checkpoint of the index. The entries after it may be of different ages, none older than the start of the checkpoint:
/// replaying the log from <see cref="StartPosition"/> of <see cref="StartFile"/> over them yields the index.
/// <code>
///   0  u64  magic "LOIREIDX"
///   8  u32  CRC-32C of bytes 12 to the end of the header
///  12  u32  bytes of the header
///  16  16B  identity of the store
///  32  u64  sequence number of the next record
///  40  u32  file where replay starts
///  44  u32  file before which records of unknown keys were lost, or 0
///  48  u64  position where replay starts
///  56  u64  position where replay of the file of keys starts
///  64  u64  position before which records of unknown keys were lost
///  72  u32  n, number of store files
///  76  u32  m, number of their tombstone figures
///  80  n x { u32 number, u32 1 if quarantined, u64 start of its records, u64 end of its records }
///      m x { u32 number, u32 oldest file that the deletes may concern, u64 bytes of the deletes }
/// </code>
/// Blocks follow: { u32 bytes of its entries, u32 CRC-32C of the entries seeded with the block's ordinal, entries }, the last one without
/// entries and its CRC that of the u64 number of entries in all. Entry: { u64 sequence, u64 position, u32 file, u32 value bytes, u32 value
/// CRC, u32 oldest file, u16 key bytes, u16 1 if damaged, key }.
/// </summary>
internal sealed record CheckpointHeader(
    Guid Store,
    ulong NextSequence,
    int StartFile,
    long StartPosition,
    long KeysPosition,
    (int File, long Position) UnknownBefore,
    IReadOnlyList<CheckpointedFile> Files)
{
    public const int MinimumSize = 80;
    public const int BlockHeaderSize = 8;
    public const int EntrySize = 36;
    private const ulong Magic = 0x5844_4945_5249_4F4C;
    private const int FileSize = 24;
    private const int TombstoneSize = 16;
    private const int SizeMax = 256 * 1024 * 1024;

    public byte[] ToBytes()
    {
        var tombstones = Files.Sum(file => file.Tombstones.Count);
        var bytes = new byte[MinimumSize + (Files.Count * FileSize) + (tombstones * TombstoneSize)];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt64LittleEndian(span, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(span[12..], bytes.Length);
        Store.TryWriteBytes(span[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(span[32..], NextSequence);
        BinaryPrimitives.WriteInt32LittleEndian(span[40..], StartFile);
        BinaryPrimitives.WriteInt32LittleEndian(span[44..], UnknownBefore.File);
        BinaryPrimitives.WriteInt64LittleEndian(span[48..], StartPosition);
        BinaryPrimitives.WriteInt64LittleEndian(span[56..], KeysPosition);
        BinaryPrimitives.WriteInt64LittleEndian(span[64..], UnknownBefore.Position);
        BinaryPrimitives.WriteInt32LittleEndian(span[72..], Files.Count);
        BinaryPrimitives.WriteInt32LittleEndian(span[76..], tombstones);
        var rest = span[MinimumSize..];
        foreach (var file in Files)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, file.Number);
            BinaryPrimitives.WriteInt32LittleEndian(rest[4..], file.IsQuarantined ? 1 : 0);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], file.RecordsStart);
            BinaryPrimitives.WriteInt64LittleEndian(rest[16..], file.End);
            rest = rest[FileSize..];
        }

        foreach (var file in Files)
        {
            foreach (var (oldest, deleted) in file.Tombstones)
            {
                BinaryPrimitives.WriteInt32LittleEndian(rest, file.Number);
                BinaryPrimitives.WriteInt32LittleEndian(rest[4..], oldest);
                BinaryPrimitives.WriteInt64LittleEndian(rest[8..], deleted);
                rest = rest[TombstoneSize..];
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], Crc32C.Compute(span[12..]));
        return bytes;
    }

    /// <summary>Returns the size of the header that starts with <paramref name="start"/>; 0 if it is not a header.</summary>
    /// <param name="start">At least <see cref="MinimumSize"/> bytes.</param>
    public static int Measure(ReadOnlySpan<byte> start)
    {
        var size = BinaryPrimitives.ReadInt32LittleEndian(start[12..]);
        long files = BinaryPrimitives.ReadUInt32LittleEndian(start[72..]);
        long tombstones = BinaryPrimitives.ReadUInt32LittleEndian(start[76..]);
        var isSound = BinaryPrimitives.ReadUInt64LittleEndian(start) == Magic && size is >= MinimumSize and <= SizeMax;
        return isSound && size == MinimumSize + (files * FileSize) + (tombstones * TombstoneSize) ? size : 0;
    }

    /// <summary>Reads a header that <see cref="Measure"/> has measured; null if it is damaged.</summary>
    public static CheckpointHeader? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (Crc32C.Compute(bytes[12..]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]))
        {
            return null;
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[72..]);
        var tombstones = new Dictionary<int, Dictionary<int, long>>();
        for (var rest = bytes[(MinimumSize + (count * FileSize))..]; rest.Length > 0; rest = rest[TombstoneSize..])
        {
            var number = BinaryPrimitives.ReadInt32LittleEndian(rest);
            tombstones.TryAdd(number, []);
            tombstones[number].Add(BinaryPrimitives.ReadInt32LittleEndian(rest[4..]), BinaryPrimitives.ReadInt64LittleEndian(rest[8..]));
        }

        var files = new CheckpointedFile[count];
        for (var i = 0; i < count; i++)
        {
            var entry = bytes[(MinimumSize + (i * FileSize))..];
            var number = BinaryPrimitives.ReadInt32LittleEndian(entry);
            files[i] = new CheckpointedFile(
                number,
                BinaryPrimitives.ReadInt32LittleEndian(entry[4..]) != 0,
                BinaryPrimitives.ReadInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[16..]),
                tombstones.GetValueOrDefault(number) ?? []);
        }

        return new CheckpointHeader(
            new Guid(bytes[16..32]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]),
            (BinaryPrimitives.ReadInt32LittleEndian(bytes[44..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[64..])),
            files);
    }
}
