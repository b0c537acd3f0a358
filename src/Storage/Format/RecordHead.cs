using System.Buffers.Binary;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Storage.Format;

/// <summary>The kinds of records.</summary>
internal enum RecordKind : byte
{
    /// <summary>Stores a value under a key. A record that reclaiming has moved keeps its kind and its sequence number.</summary>
    Put = 1,

    /// <summary>Removes a key. Kept for as long as an older file may hold a put of the key.</summary>
    Delete = 2,

    /// <summary>
    /// Marks a store file (<see cref="RecordHead.OldestFile"/>) as retired: it has no live records, and its deletion has started. The key
    /// is empty.
    /// </summary>
    Retire = 3,
}

/// <summary>
/// The header of a record in a store file. Everything is little-endian; a record starts at a multiple of 8.
/// <code>
///   0  u32  magic "LREC"
///   4  u32  CRC-32C of bytes 8 to the end of the key, seeded with the file's own seed
///   8  u64  sequence number: grows with every put and delete of the store; the ETag
///  16  u64  position of this record in its file, against writes and copies that ended up elsewhere
///  24  u64  every byte of this file before this position was synced when the record was written
///  32  u32  bytes of the value
///  36  u32  CRC-32C of the value
///  40  u32  delete: the oldest file that may hold a put of the key; retire: the file; put: 0
///  44  u16  bytes of the key
///  46  u8   kind
///  47  u8   0
///  48  key, then value, then zeros up to a multiple of 8
/// </code>
/// The same 48 bytes and the key, padded, are repeated in the file of keys (<see cref="KeyBlock"/>). Bound to this layout: RecordScanner,
/// StoreWriter.
/// </summary>
internal readonly record struct RecordHead(
    RecordKind Kind,
    int KeyLength,
    uint ValueLength,
    uint ValueCrc,
    ulong Sequence,
    long Position,
    long Durable,
    uint OldestFile)
{
    public const int Size = 48;
    public const int Alignment = 8;
    public const uint Magic = 0x4345_524C;
    private const int CrcAt = 4;
    private const int SequenceAt = 8;
    private const int PositionAt = 16;
    private const int DurableAt = 24;
    private const int ValueLengthAt = 32;
    private const int ValueCrcAt = 36;
    private const int OldestFileAt = 40;
    private const int KeyLengthAt = 44;
    private const int KindAt = 46;
    private const int ZeroAt = 47;

    /// <summary>Where the value starts in the file.</summary>
    public long ValuePosition => Position + Size + KeyLength;

    /// <summary>Where the next record starts.</summary>
    public long End => Position + RecordBytes(KeyLength, ValueLength);

    /// <summary>Bytes of header and key with padding, as repeated in the file of keys.</summary>
    public int PaddedHeadBytes => (int)Align(Size + KeyLength);

    /// <summary>Bytes of a whole record with its padding.</summary>
    public static long RecordBytes(int keyLength, uint valueLength) => Align(Size + keyLength + (long)valueLength);

    /// <summary>The next multiple of 8.</summary>
    public static long Align(long position) => (position + Alignment - 1) & ~(Alignment - 1L);

    /// <summary>Writes header and key, unpadded.</summary>
    public void Write(Span<byte> destination, ReadOnlySpan<byte> key, uint seed)
    {
        Invariant.Check(key.Length == KeyLength && Position % Alignment == 0);
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[SequenceAt..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(destination[PositionAt..], Position);
        BinaryPrimitives.WriteInt64LittleEndian(destination[DurableAt..], Durable);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[ValueLengthAt..], ValueLength);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[ValueCrcAt..], ValueCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[OldestFileAt..], OldestFile);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[KeyLengthAt..], (ushort)KeyLength);
        destination[KindAt] = (byte)Kind;
        destination[ZeroAt] = 0;
        key.CopyTo(destination[Size..]);
        var crc = Crc32C.Append(seed, destination[SequenceAt..(Size + KeyLength)]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CrcAt..], crc);
    }

    /// <summary>
    /// Returns the bytes of the header at the start of <paramref name="source"/> and its key; 0 if it is not a header.
    /// </summary>
    /// <param name="source">At least <see cref="Size"/> bytes.</param>
    public static int HeadBytes(ReadOnlySpan<byte> source)
    {
        var keyLength = BinaryPrimitives.ReadUInt16LittleEndian(source[KeyLengthAt..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(source) == Magic && keyLength <= Limits.StorageKeyBytes ? Size + keyLength : 0;
    }

    /// <summary>
    /// Reads a header that <see cref="HeadBytes"/> has measured, and verifies everything but the value.
    /// </summary>
    /// <param name="source">Header and key, at least.</param>
    /// <param name="seed">The seed of the file.</param>
    /// <param name="position">Where the header was found; null to use the position in the header.</param>
    /// <param name="header">The header, if it is valid.</param>
    public static bool TryRead(ReadOnlySpan<byte> source, uint seed, long? position, out RecordHead header)
    {
        header = default;
        var keyLength = BinaryPrimitives.ReadUInt16LittleEndian(source[KeyLengthAt..]);
        var crc = Crc32C.Append(seed, source[SequenceAt..(Size + keyLength)]);
        if (crc != BinaryPrimitives.ReadUInt32LittleEndian(source[CrcAt..]))
        {
            return false;
        }

        var read = new RecordHead(
            (RecordKind)source[KindAt],
            keyLength,
            BinaryPrimitives.ReadUInt32LittleEndian(source[ValueLengthAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[ValueCrcAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[SequenceAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[PositionAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[DurableAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[OldestFileAt..]));
        if (read.Position != (position ?? read.Position) || read.Kind is < RecordKind.Put or > RecordKind.Retire)
        {
            return false;
        }

        header = read;
        return true;
    }
}
