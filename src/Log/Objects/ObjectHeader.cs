using System.Buffers.Binary;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>The kinds of immutable objects.</summary>
internal enum ObjectKind : byte
{
    /// <summary>One group commit: a run of items.</summary>
    Chunk = 1,

    /// <summary>The items of several chunks.</summary>
    Segment = 2,

    /// <summary>Entries that no longer fit the head (<see cref="ChainEntry"/>).</summary>
    Page = 3,

    /// <summary>The state of a journal's owner, which replaces all items before it.</summary>
    Snapshot = 4,

    /// <summary>A page of a table that is stored beside the log (<see cref="StoredTable"/>).</summary>
    Table = 5,
}

/// <summary>
/// The header of every immutable object. Integers are little-endian. Bound to this layout: <see cref="IndexEntry"/>,
/// <see cref="LogObject"/>, ChunkLayout.
/// <code>
///    0  u32  magic "LOBJ"
///    4  u8   version: 1
///    5  u8   kind
///    6  u16  flags: bit 0 = what comes before is unreadable, so base and link need not fit it;
///            bit 1 = a fence that an earlier leader may still run into, so it is never deleted
///    8  u32  tag of the log's name (CRC-32C): a misplaced object is noticed
///   12  u32  bytes before the body: 128 + index + sections
///   16  i64  first ordinal that is in here (a chunk: its own)
///   24  i64  last ordinal that is in here
///   32  i32  leader epoch of the writer
///   36  u32  index entries
///   40  16   writer id (a GUID, its bytes as .NET lays them out)
///   56  i64  base: the position of the first item
///   64  i64  end: the position after the last item; a chunk with base = end is a fence
///   72  i64  greatest timestamp, -1 if none
///   80  u64  link: the hash of the chunk before the first, 0 if there is none
///   88  u64  hash of the last chunk in here, 0 in a chunk itself
///   96  u32  body bytes
///  100  u32  CRC-32C of the body
///  104  u32  bytes of sections {u16 type, u16 flags, u32 length, bytes}; none are written yet: room for what recovery will need
///            of a segment (producer states, aborted transactions)
///  108  16   zero
///  124  u32  CRC-32C of all bytes before the body except these four
///  128       index entries, then sections, then the body
/// </code>
/// </summary>
internal readonly record struct ObjectHeader
{
    /// <summary>Bytes before the index.</summary>
    public const int Size = 128;

    private const uint Magic = 0x4A424F4C; // "LOBJ"
    private const byte Version = 1;
    private const int CrcAt = 124;

    /// <summary>The kind of the object.</summary>
    public ObjectKind Kind { get; init; }

    /// <summary>Whether the writer could not read what precedes the object.</summary>
    public bool FollowsDamage { get; init; }

    /// <summary>Whether this is a fence whose key an earlier leader may still try to create.</summary>
    public bool HoldsPlace { get; init; }

    /// <summary>The first chunk whose items are in here.</summary>
    public long FirstOrdinal { get; init; }

    /// <summary>The last chunk whose items are in here, inclusive.</summary>
    public long LastOrdinal { get; init; }

    /// <summary>The epoch of the leader that wrote the object.</summary>
    public LeaderEpoch Epoch { get; init; }

    /// <summary>The instance that wrote the object.</summary>
    public Guid Writer { get; init; }

    /// <summary>The position of the first item.</summary>
    public Offset Base { get; init; }

    /// <summary>The position after the last item.</summary>
    public Offset End { get; init; }

    /// <summary>The greatest timestamp of the items.</summary>
    public Timestamp MaxTimestamp { get; init; }

    /// <summary>The hash of the chunk before <see cref="FirstOrdinal"/>.</summary>
    public ulong Link { get; init; }

    /// <summary>The hash of chunk <see cref="LastOrdinal"/>; 0 in a chunk.</summary>
    public ulong LastHash { get; init; }

    /// <summary>Entries of the sparse index.</summary>
    public int IndexEntries { get; init; }

    /// <summary>Bytes of the body.</summary>
    public int BodyBytes { get; init; }

    /// <summary>CRC-32C of the body.</summary>
    public uint BodyCrc { get; init; }

    /// <summary>CRC-32C of everything before the body; known once the header is written or read.</summary>
    public uint HeaderCrc { get; init; }

    /// <summary>Bytes before the body; known once the header is written or read.</summary>
    public int PrefixBytes { get; init; }

    /// <summary>The hash that identifies a chunk by its content; the next chunk's <see cref="Link"/> must equal it.</summary>
    public ulong Hash => ((ulong)HeaderCrc << 32) | BodyCrc;

    /// <summary>
    /// Writes the header in front of the index that <paramref name="prefix"/> already holds; returns it with its checksum.
    /// </summary>
    public ObjectHeader Write(Span<byte> prefix, uint logTag)
    {
        Invariant.Check(prefix.Length == Size + (IndexEntries * IndexEntry.Size), "the prefix is the header and the index");
        prefix[..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, Magic);
        prefix[4] = Version;
        prefix[5] = (byte)Kind;
        BinaryPrimitives.WriteUInt16LittleEndian(prefix[6..], (ushort)((FollowsDamage ? 1 : 0) | (HoldsPlace ? 2 : 0)));
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[8..], logTag);
        BinaryPrimitives.WriteInt32LittleEndian(prefix[12..], prefix.Length);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[16..], FirstOrdinal);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[24..], LastOrdinal);
        BinaryPrimitives.WriteInt32LittleEndian(prefix[32..], Epoch.Value);
        BinaryPrimitives.WriteInt32LittleEndian(prefix[36..], IndexEntries);
        Invariant.Check(Writer.TryWriteBytes(prefix[40..]));
        BinaryPrimitives.WriteInt64LittleEndian(prefix[56..], Base.Value);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[64..], End.Value);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[72..], MaxTimestamp.Milliseconds);
        BinaryPrimitives.WriteUInt64LittleEndian(prefix[80..], Link);
        BinaryPrimitives.WriteUInt64LittleEndian(prefix[88..], LastHash);
        BinaryPrimitives.WriteInt32LittleEndian(prefix[96..], BodyBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[100..], BodyCrc);
        var crc = PrefixCrc(prefix);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[CrcAt..], crc);
        return this with { HeaderCrc = crc, PrefixBytes = prefix.Length };
    }

    /// <summary>Decodes and verifies the header of an object; the body is not read and may be truncated.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, uint logTag, out ObjectHeader header)
    {
        header = default;
        if (bytes.Length < Size
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || bytes[4] != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != logTag)
        {
            return false;
        }

        var prefixBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        if (prefixBytes < Size || prefixBytes > bytes.Length)
        {
            return false;
        }

        var crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]);
        if (PrefixCrc(bytes[..prefixBytes]) != crc)
        {
            return false;
        }

        var read = new ObjectHeader
        {
            Kind = (ObjectKind)bytes[5],
            FollowsDamage = (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) & 1) != 0,
            HoldsPlace = (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) & 2) != 0,
            FirstOrdinal = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            LastOrdinal = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            Epoch = new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(bytes[32..])),
            IndexEntries = BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]),
            Writer = new Guid(bytes.Slice(40, 16)),
            Base = new Offset(BinaryPrimitives.ReadInt64LittleEndian(bytes[56..])),
            End = new Offset(BinaryPrimitives.ReadInt64LittleEndian(bytes[64..])),
            MaxTimestamp = new Timestamp(BinaryPrimitives.ReadInt64LittleEndian(bytes[72..])),
            Link = BinaryPrimitives.ReadUInt64LittleEndian(bytes[80..]),
            LastHash = BinaryPrimitives.ReadUInt64LittleEndian(bytes[88..]),
            BodyBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[96..]),
            BodyCrc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[100..]),
            HeaderCrc = crc,
            PrefixBytes = prefixBytes,
        };
        var sections = BinaryPrimitives.ReadUInt32LittleEndian(bytes[104..]);
        if (!read.IsSound(sections))
        {
            return false;
        }

        header = read;
        return true;
    }

    private static uint PrefixCrc(ReadOnlySpan<byte> prefix) => Crc32C.Append(Crc32C.Compute(prefix[..CrcAt]), prefix[Size..]);

    private bool IsSound(uint sections) =>
        Kind is >= ObjectKind.Chunk and <= ObjectKind.Table
        && FirstOrdinal >= 0 && LastOrdinal >= FirstOrdinal
        && Epoch.Value >= 0
        && Base.Value >= 0 && End >= Base
        && BodyBytes >= 0
        && IndexEntries >= 0 && (long)Size + ((long)IndexEntries * IndexEntry.Size) + sections == PrefixBytes;
}
