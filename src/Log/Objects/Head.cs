using System.Buffers.Binary;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// The one mutable object of a log, replaced as a whole by compare-and-swap. Integers are little-endian.
/// <code>
///    0  u32  magic "LHED"
///    4  u8   version: 1
///    5  u8   flags: bit 0 = the log is being deleted; bit 1 = the leader of this epoch has stopped and will never write again
///    6  u16  zero
///    8  u32  tag of the log's name (CRC-32C)
///   12  i32  leader epoch
///   16  16   id of the instance that wrote this head
///   32  i64  revision: 0, and one more with each write
///   40  i64  start: the first position that can be read
///   48  i64  first ordinal of the tail: the first chunk that is in no entry
///   56  i64  its base
///   64  u64  its link: the hash of the chunk before it, 0 if there is none
///   72  i64  known ordinal: the chunk after the last one that existed when this head was written
///   80  i64  known end: the position where that one ended
///   88  u32  zero
///   92  u32  CRC-32C of everything except these four bytes
///   96       sections {u16 type, u16 flags: bit 0 = a reader must know it, u32 length, bytes}
///               1  entries (ChainEntry), in order of position: older pages, pages, segments and single chunks
///               2  garbage (GarbageItem): objects that nothing refers to any more and that may still exist
///               3  fences (i64 ordinals, the newest last): permanent fences below the tail; at most 4,096 of them are
///                  remembered, so that the log's deletion finds them
///               7  compaction (CompactionMark), only of a log that has been compacted; a version that does not know it drops it, and
///                  compaction then begins at the start of the log again
///               8  incarnation (16 bytes), only of a log whose name may be used again: part of the keys of all other objects
///               9  tables (StoredTable), only of a log that has one; a version that does not know them drops them, so they are written
///                  only where there is none
///            room for: 4 leader epochs with their start offsets, 6 aborted transactions
/// </code>
/// </summary>
internal sealed record Head
{
    private const int FixedBytes = 96;
    private const int MaxFences = 4_096;
    private const int SectionHeaderBytes = 8;
    private const int IncarnationBytes = 16;
    private const int CrcAt = 92;
    private const uint Magic = 0x4445484C; // "LHED"
    private const byte Version = 1;
    private const ushort EntriesSection = 1;
    private const ushort GarbageSection = 2;
    private const ushort FencesSection = 3;
    private const ushort CompactionSection = 7;
    private const ushort IncarnationSection = 8;
    private const ushort TablesSection = 9;
    private const ushort MustKnow = 1;
    private const ushort MayIgnore = 0;

    /// <summary>The meaning of an absent head.</summary>
    public static readonly Head None = new() { Epoch = LeaderEpoch.None, Revision = -1 };

    /// <summary>The epoch of the newest leader.</summary>
    public LeaderEpoch Epoch { get; init; }

    /// <summary>The instance that wrote this head.</summary>
    public Guid Writer { get; init; }

    /// <summary>Counts the heads of the log; -1 if there is none.</summary>
    public long Revision { get; init; }

    /// <summary>
    /// Distinguishes this creation of the log from others under the same name, see <see cref="ObjectKey"/>; null for a log whose name is
    /// never used again, and for one that was created before there were incarnations.
    /// </summary>
    public Guid? Incarnation { get; init; }

    /// <summary>Whether the log is being deleted; it is no longer read or appended to.</summary>
    public bool IsDeleting { get; init; }

    /// <summary>
    /// Whether the newest leader has stopped gracefully. If not, it may still write, and the next leader's fence must be permanent.
    /// </summary>
    public bool HasResigned { get; init; }

    /// <summary>The first position that can be read.</summary>
    public Offset Start { get; init; }

    /// <summary>The first chunk that is in no entry.</summary>
    public long TailOrdinal { get; init; }

    /// <summary>The base of the first chunk that is in no entry.</summary>
    public Offset TailBase { get; init; }

    /// <summary>The hash of the chunk before the first that is in no entry.</summary>
    public ulong TailLink { get; init; }

    /// <summary>
    /// The ordinal after the last chunk that existed when this head was written. An absent chunk below it is lost and not the end of the
    /// tail; after a graceful stop, that covers every chunk.
    /// </summary>
    public long KnownOrdinal { get; init; }

    /// <summary>Where the chunk before <see cref="KnownOrdinal"/> ended.</summary>
    public Offset KnownEnd { get; init; }

    /// <summary>The objects before the tail.</summary>
    public ChainEntry[] Entries { get; init; } = [];

    /// <summary>Objects that may still have to be deleted.</summary>
    public GarbageItem[] Garbage { get; init; } = [];

    /// <summary>Ordinals of fences below the tail that were not deleted with the chunks around them.</summary>
    public long[] Fences { get; init; } = [];

    /// <summary>How far compaction has come; zero if the log was never compacted.</summary>
    public CompactionMark Compaction { get; init; }

    /// <summary>The tables that are stored beside the log, and the next ones while they are written.</summary>
    public StoredTable[] Tables { get; init; } = [];

    /// <summary>Whether this is the same head of the same creation of the log, given that both were read from storage.</summary>
    public bool IsSameAs(Head other) => Revision == other.Revision && Incarnation == other.Incarnation;

    /// <summary>Replaces the mark of compaction.</summary>
    public Head With(CompactionMark mark)
    {
        Invariant.Check(mark.IsSound && mark.PassEnd <= TailBase, "compaction covers listed objects, and a pass continues before its end");
        return this with { Compaction = mark };
    }

    /// <summary>Adds fences, the newest last.</summary>
    public long[] WithFences(IEnumerable<long> more) => [.. Fences.Concat(more).TakeLast(MaxFences)];

    /// <summary>Encodes the head.</summary>
    public byte[] Encode(uint logTag)
    {
        var entries = ChainEntry.SizeOf(Entries);
        var garbage = GarbageItem.SizeOf(Garbage);
        var compaction = Compaction == default ? 0 : SectionHeaderBytes + CompactionMark.Size;
        var incarnation = Incarnation is null ? 0 : SectionHeaderBytes + IncarnationBytes;
        var tables = Tables.Length == 0 ? 0 : SectionHeaderBytes + StoredTable.SizeOf(Tables);
        var bytes = new byte[FixedBytes + (3 * SectionHeaderBytes) + entries + garbage + (Fences.Length * 8) + compaction + incarnation + tables];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(span, Magic);
        span[4] = Version;
        span[5] = (byte)((IsDeleting ? 1 : 0) | (HasResigned ? 2 : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], logTag);
        BinaryPrimitives.WriteInt32LittleEndian(span[12..], Epoch.Value);
        Invariant.Check(Writer.TryWriteBytes(span[16..]));
        BinaryPrimitives.WriteInt64LittleEndian(span[32..], Revision);
        BinaryPrimitives.WriteInt64LittleEndian(span[40..], Start.Value);
        BinaryPrimitives.WriteInt64LittleEndian(span[48..], TailOrdinal);
        BinaryPrimitives.WriteInt64LittleEndian(span[56..], TailBase.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(span[64..], TailLink);
        BinaryPrimitives.WriteInt64LittleEndian(span[72..], KnownOrdinal);
        BinaryPrimitives.WriteInt64LittleEndian(span[80..], KnownEnd.Value);
        var rest = WriteSection(span[FixedBytes..], EntriesSection, entries);
        rest = ChainEntry.Write(Entries, rest);
        rest = WriteSection(rest, GarbageSection, garbage);
        rest = GarbageItem.Write(Garbage, rest);
        rest = WriteSection(rest, FencesSection, Fences.Length * 8);
        foreach (var fence in Fences)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, fence);
            rest = rest[8..];
        }

        if (compaction > 0)
        {
            rest = Compaction.Write(WriteSection(rest, CompactionSection, CompactionMark.Size, MayIgnore));
        }

        if (Incarnation is { } guid)
        {
            rest = WriteSection(rest, IncarnationSection, IncarnationBytes);
            Invariant.Check(guid.TryWriteBytes(rest));
            rest = rest[IncarnationBytes..];
        }

        if (tables > 0)
        {
            rest = StoredTable.Write(Tables, WriteSection(rest, TablesSection, tables - SectionHeaderBytes, MayIgnore));
        }

        Invariant.Check(rest.IsEmpty, "a head is as long as its parts");
        BinaryPrimitives.WriteUInt32LittleEndian(span[CrcAt..], CrcOf(span));
        return bytes;
    }

    /// <summary>
    /// Decodes and verifies a head; false if a byte is wrong, missing or surplus, or if it has a section that this version must not ignore.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, uint logTag, out Head head)
    {
        head = None;
        if (bytes.Length < FixedBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || bytes[4] != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != logTag
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]) != CrcOf(bytes))
        {
            return false;
        }

        var read = new Head
        {
            IsDeleting = (bytes[5] & 1) != 0,
            HasResigned = (bytes[5] & 2) != 0,
            Epoch = new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(bytes[12..])),
            Writer = new Guid(bytes.Slice(16, 16)),
            Revision = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            Start = new Offset(BinaryPrimitives.ReadInt64LittleEndian(bytes[40..])),
            TailOrdinal = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            TailBase = new Offset(BinaryPrimitives.ReadInt64LittleEndian(bytes[56..])),
            TailLink = BinaryPrimitives.ReadUInt64LittleEndian(bytes[64..]),
            KnownOrdinal = BinaryPrimitives.ReadInt64LittleEndian(bytes[72..]),
            KnownEnd = new Offset(BinaryPrimitives.ReadInt64LittleEndian(bytes[80..])),
        };
        if (!TryReadSections(bytes[FixedBytes..], ref read) || !read.IsSound())
        {
            return false;
        }

        head = read;
        return true;
    }

    private static uint CrcOf(ReadOnlySpan<byte> bytes) => Crc32C.Append(Crc32C.Compute(bytes[..CrcAt]), bytes[FixedBytes..]);

    private static Span<byte> WriteSection(Span<byte> destination, ushort type, int length, ushort flags = MustKnow)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(destination, type);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], flags);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], length);
        return destination[SectionHeaderBytes..];
    }

    private static bool TryReadSections(ReadOnlySpan<byte> bytes, ref Head head)
    {
        while (bytes.Length >= SectionHeaderBytes)
        {
            var type = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
            bytes = bytes[SectionHeaderBytes..];
            if (length < 0 || length > bytes.Length)
            {
                return false;
            }

            var section = bytes[..length];
            bytes = bytes[length..];
            switch (type)
            {
                case EntriesSection:
                    if (!ChainEntry.TryRead(section, out var entries))
                    {
                        return false;
                    }

                    head = head with { Entries = entries };
                    break;
                case GarbageSection:
                    if (!GarbageItem.TryRead(section, out var garbage))
                    {
                        return false;
                    }

                    head = head with { Garbage = garbage };
                    break;
                case FencesSection:
                    if (length % 8 != 0 || length / 8 > MaxFences)
                    {
                        return false;
                    }

                    var fences = new long[length / 8];
                    for (var i = 0; i < fences.Length; i++)
                    {
                        fences[i] = BinaryPrimitives.ReadInt64LittleEndian(section[(i * 8)..]);
                    }

                    head = head with { Fences = fences };
                    break;
                case CompactionSection:
                    if (length != CompactionMark.Size)
                    {
                        return false;
                    }

                    head = head with { Compaction = CompactionMark.Read(section) };
                    break;
                case IncarnationSection:
                    if (length != IncarnationBytes)
                    {
                        return false;
                    }

                    head = head with { Incarnation = new Guid(section) };
                    break;
                case TablesSection:
                    if (!StoredTable.TryRead(section, out var tables))
                    {
                        return false;
                    }

                    head = head with { Tables = tables };
                    break;
                default:
                    if ((flags & MustKnow) != 0)
                    {
                        return false;
                    }

                    break;
            }
        }

        return bytes.IsEmpty;
    }

    private bool IsSound()
    {
        if (Epoch.Value < 0 || Revision < 0 || TailOrdinal < 0 || TailBase.Value < 0 || Start.Value < 0 || Start > TailBase
            || KnownOrdinal < TailOrdinal || KnownEnd < TailBase || !Compaction.IsSound || Compaction.PassEnd > TailBase
            || Array.Exists(Tables, stored => stored.Table.End > KnownEnd))
        {
            return false;
        }

        var end = Offset.Zero;
        foreach (ref readonly var entry in Entries.AsSpan())
        {
            if (entry.Base < end || entry.LastOrdinal >= TailOrdinal)
            {
                return false;
            }

            end = entry.End;
        }

        return end <= TailBase;
    }
}
