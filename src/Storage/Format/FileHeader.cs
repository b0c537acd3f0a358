using System.Buffers.Binary;
using Loire.Model.Batches;

namespace Loire.Storage.Format;

/// <summary>A store file and the end of its records when the next file was started.</summary>
internal readonly record struct SealedFile(int Number, long End);

/// <summary>
/// The header of a store file. It lists every older file in use, so that recovery tells a missing file from a retired one.
/// <code>
///   0  u64  magic "LOIREST1"
///   8  u32  CRC-32C of bytes 12 to the end of the header
///  12  u32  bytes of the header, a multiple of 8
///  16  16B  identity of the store
///  32  u32  number of this file
///  36  u32  n, the number of older files
///  40  n x { u64 number, u64 end of its records }
/// </code>
/// </summary>
internal sealed record FileHeader(Guid Store, int Number, IReadOnlyList<SealedFile> Older)
{
    public const int MinimumSize = 40;
    private const ulong Magic = 0x3154_5345_5249_4F4C;
    private const int EntrySize = 16;
    private const int OlderFilesMax = 1 << 20;

    /// <summary>Bytes of the header; the first record follows.</summary>
    public int Size => MinimumSize + (Older.Count * EntrySize);

    /// <summary>
    /// The seed of the checksum of every record of a file, so that a record of another file, or of another store, is never taken for one of
    /// this file.
    /// </summary>
    public static uint Seed(Guid store, int number)
    {
        Span<byte> identity = stackalloc byte[20];
        store.TryWriteBytes(identity);
        BinaryPrimitives.WriteInt32LittleEndian(identity[16..], number);
        return Crc32C.Compute(identity);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Size);
        Store.TryWriteBytes(bytes.AsSpan(16));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), Number);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(36), Older.Count);
        for (var i = 0; i < Older.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(MinimumSize + (i * EntrySize)), Older[i].Number);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(MinimumSize + (i * EntrySize) + 8), Older[i].End);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Crc32C.Compute(bytes.AsSpan(12)));
        return bytes;
    }

    /// <summary>Returns the size of the header that starts with <paramref name="start"/>; 0 if it is not a header.</summary>
    /// <param name="start">At least <see cref="MinimumSize"/> bytes.</param>
    public static int Measure(ReadOnlySpan<byte> start)
    {
        var size = BinaryPrimitives.ReadInt32LittleEndian(start[12..]);
        var older = BinaryPrimitives.ReadInt32LittleEndian(start[36..]);
        var sound = BinaryPrimitives.ReadUInt64LittleEndian(start) == Magic && older is >= 0 and <= OlderFilesMax;
        return sound && size == MinimumSize + (older * EntrySize) ? size : 0;
    }

    /// <summary>Reads a header that <see cref="Measure"/> has measured; null if it is damaged.</summary>
    public static FileHeader? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (Crc32C.Compute(bytes[12..]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]))
        {
            return null;
        }

        var older = new SealedFile[BinaryPrimitives.ReadInt32LittleEndian(bytes[36..])];
        for (var i = 0; i < older.Length; i++)
        {
            var entry = bytes[(MinimumSize + (i * EntrySize))..];
            older[i] = new SealedFile(
                (int)BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt64LittleEndian(entry[8..]));
        }

        return new FileHeader(new Guid(bytes[16..32]), BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]), older);
    }
}
