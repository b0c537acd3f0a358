using System.Buffers.Binary;
using System.Text;
using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>
/// The entry of one object in the head, in an index page, or in the tail in memory.
/// <code>
///    0  u8   kind (ObjectKind)
///    1  u8   key kind (ObjectKeyKind)
///    2  u8   level: how often its items were merged, FullLevel if they will not be again; of a page: how many pages lie below it
///    3  u8   flags: bit 0 = found damaged, so what is said here of its content is a guess;
///            bit 1 = a fence that is never deleted; bit 2 = a page of chunks that are still to be merged
///    4  u32  bytes of the object
///    8  i64  key number
///   16  u32  key index
///   20  u32  checksum of the object's header, which covers the body's: the object must be this very one; 0 if it is not known
///   24  i64  first ordinal
///   32  i64  last ordinal
///   40  i64  base
///   48  i64  end
///   56  i64  greatest timestamp, -1 if none
///   64  u8   length of the ETag, 0 if it is not known
///   65       the ETag in UTF-8
/// </code>
/// </summary>
internal readonly record struct ChainEntry
{
    /// <summary>The level of objects that are large enough to stay as they are.</summary>
    public const byte FullLevel = 255;

    private const int FixedBytes = 65;
    private const int MaxETagBytes = 255;

    /// <summary>What the object holds.</summary>
    public ObjectKind Kind { get; init; }

    /// <summary>How often its items were merged.</summary>
    public byte Level { get; init; }

    /// <summary>How many pages lie below a page, itself included; 0 for an object with items.</summary>
    public int Height => Kind == ObjectKind.Page ? Level : 0;

    /// <summary>Whether the object was found damaged. Its range is then what its neighbours leave to it.</summary>
    public bool IsDamaged { get; init; }

    /// <summary>Whether this is a permanent fence.</summary>
    public bool HoldsPlace { get; init; }

    /// <summary>
    /// Whether this is a page of chunks that are still to be merged into segments. A version that does not know this leaves them as they are.
    /// </summary>
    public bool IsUnmerged { get; init; }

    /// <summary>Bytes of the object, header included.</summary>
    public int Bytes { get; init; }

    /// <summary>The checksum of the object's header, which covers the body's; 0 if the object was never readable.</summary>
    public uint HeaderCrc { get; init; }

    /// <summary>The key of the object.</summary>
    public ObjectKey Key { get; init; }

    /// <summary>The ordinal of the first chunk whose items the object has.</summary>
    public long FirstOrdinal { get; init; }

    /// <summary>The ordinal of the last chunk whose items the object has, inclusive.</summary>
    public long LastOrdinal { get; init; }

    /// <summary>The position of the first item.</summary>
    public Offset Base { get; init; }

    /// <summary>The position after the last item.</summary>
    public Offset End { get; init; }

    /// <summary>The greatest timestamp of the items.</summary>
    public Timestamp MaxTimestamp { get; init; }

    /// <summary>The ETag of the object, which deleting it requires; null if unknown.</summary>
    public string? ETag { get; init; }

    /// <summary>Describes an object that was written or read.</summary>
    public static ChainEntry Of(LogObject source, ObjectKey key, byte level, string? etag) => new()
    {
        Kind = source.Header.Kind,
        Level = level,
        HoldsPlace = source.Header.HoldsPlace,
        Bytes = source.Bytes,
        HeaderCrc = source.Header.HeaderCrc,
        Key = key,
        FirstOrdinal = source.Header.FirstOrdinal,
        LastOrdinal = source.Header.LastOrdinal,
        Base = source.Header.Base,
        End = source.Header.End,
        MaxTimestamp = source.Header.MaxTimestamp,
        ETag = etag,
    };

    /// <summary>Bytes of all entries.</summary>
    public static int SizeOf(ReadOnlySpan<ChainEntry> entries)
    {
        var size = 0;
        foreach (ref readonly var entry in entries)
        {
            size += FixedBytes + ETagBytes(entry.ETag);
        }

        return size;
    }

    /// <summary>Writes entries one after the other; returns what is left of the destination.</summary>
    public static Span<byte> Write(ReadOnlySpan<ChainEntry> entries, Span<byte> destination)
    {
        foreach (ref readonly var entry in entries)
        {
            entry.Write(ref destination);
        }

        return destination;
    }

    /// <summary>Reads entries until the source ends; false if any is incomplete or invalid.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out ChainEntry[] entries)
    {
        var read = new List<ChainEntry>(source.Length / FixedBytes);
        while (source.Length > 0)
        {
            if (!TryReadOne(ref source, out var entry))
            {
                entries = [];
                return false;
            }

            read.Add(entry);
        }

        entries = [.. read];
        return true;
    }

    /// <summary>Bytes of an ETag as it is stored, without its length.</summary>
    public static int ETagBytes(string? etag) =>
        etag is not null && Encoding.UTF8.GetByteCount(etag) is var bytes and <= MaxETagBytes ? bytes : 0;

    /// <summary>Writes an ETag and its length; one that is too long is left out, and is read from storage when needed.</summary>
    public static Span<byte> WriteETag(string? etag, Span<byte> destination)
    {
        var bytes = ETagBytes(etag);
        destination[0] = (byte)bytes;
        if (bytes > 0)
        {
            Encoding.UTF8.GetBytes(etag, destination[1..]);
        }

        return destination[(1 + bytes)..];
    }

    /// <summary>Reads what <see cref="WriteETag"/> wrote.</summary>
    public static bool TryReadETag(ref ReadOnlySpan<byte> source, out string? etag)
    {
        etag = null;
        if (source.IsEmpty || source.Length < 1 + source[0])
        {
            return false;
        }

        etag = source[0] == 0 ? null : Encoding.UTF8.GetString(source.Slice(1, source[0]));
        source = source[(1 + source[0])..];
        return true;
    }

    private static bool TryReadOne(ref ReadOnlySpan<byte> source, out ChainEntry entry)
    {
        entry = default;
        if (source.Length < FixedBytes)
        {
            return false;
        }

        var read = new ChainEntry
        {
            Kind = (ObjectKind)source[0],
            Key = new ObjectKey(
                (ObjectKeyKind)source[1],
                BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(source[16..])),
            Level = source[2],
            IsDamaged = (source[3] & 1) != 0,
            HoldsPlace = (source[3] & 2) != 0,
            IsUnmerged = (source[3] & 4) != 0,
            Bytes = BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
            HeaderCrc = BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
            FirstOrdinal = BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
            LastOrdinal = BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
            Base = new Offset(BinaryPrimitives.ReadInt64LittleEndian(source[40..])),
            End = new Offset(BinaryPrimitives.ReadInt64LittleEndian(source[48..])),
            MaxTimestamp = new Timestamp(BinaryPrimitives.ReadInt64LittleEndian(source[56..])),
        };
        source = source[(FixedBytes - 1)..];
        if (!TryReadETag(ref source, out var etag) || !read.IsSound)
        {
            return false;
        }

        entry = read with { ETag = etag };
        return true;
    }

    private bool IsSound =>
        Kind is >= ObjectKind.Chunk and <= ObjectKind.Snapshot
        && Key.Kind is ObjectKeyKind.Chunk or ObjectKeyKind.Part && Key.Number >= 0 && Key.Index >= 0
        && Bytes >= 0 && FirstOrdinal >= 0 && LastOrdinal >= FirstOrdinal && Base.Value >= 0 && End >= Base;

    private void Write(ref Span<byte> destination)
    {
        destination[..FixedBytes].Clear();
        destination[0] = (byte)Kind;
        destination[1] = (byte)Key.Kind;
        destination[2] = Level;
        destination[3] = (byte)((IsDamaged ? 1 : 0) | (HoldsPlace ? 2 : 0) | (IsUnmerged ? 4 : 0));
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], Bytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], Key.Number);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], Key.Index);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], HeaderCrc);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], FirstOrdinal);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], LastOrdinal);
        BinaryPrimitives.WriteInt64LittleEndian(destination[40..], Base.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[48..], End.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], MaxTimestamp.Milliseconds);
        destination = WriteETag(ETag, destination[(FixedBytes - 1)..]);
    }
}
