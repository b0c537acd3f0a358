using System.Buffers.Binary;
using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>
/// One entry of the sparse index of a chunk or segment: where a block of items begins. A block ends where the next one begins and spans at
/// least <see cref="Interval"/> bytes unless it is the last, so a reader scans few items to find one, and the index stays under 0.2 % of
/// the body.
/// <code>
///    0  i64  position of the block's first item
///    8  i64  greatest timestamp in the block, -1 if none
///   16  u32  where the block begins in the body
///   20  u32  zero
/// </code>
/// </summary>
/// <param name="Base">The position of the block's first item.</param>
/// <param name="MaxTimestamp">The greatest timestamp in the block.</param>
/// <param name="BodyAt">Where the block begins in the body.</param>
internal readonly record struct IndexEntry(Offset Base, Timestamp MaxTimestamp, int BodyAt)
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 24;

    /// <summary>Bytes of items between two entries, at least.</summary>
    public const int Interval = 16 * 1024;

    /// <summary>Writes the entry.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, Base.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], MaxTimestamp.Milliseconds);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], BodyAt);
        BinaryPrimitives.WriteInt32LittleEndian(destination[20..], 0);
    }

    /// <summary>Reads an entry.</summary>
    public static IndexEntry Read(ReadOnlySpan<byte> source) => new(
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(source)),
        new Timestamp(BinaryPrimitives.ReadInt64LittleEndian(source[8..])),
        BinaryPrimitives.ReadInt32LittleEndian(source[16..]));
}

/// <summary>Builds the entries of an index from items or whole blocks in order.</summary>
internal sealed class IndexBuilder
{
    private readonly List<IndexEntry> _entries = [];

    /// <summary>The entries so far.</summary>
    public int Count => _entries.Count;

    /// <summary>The greatest timestamp so far.</summary>
    public Timestamp MaxTimestamp { get; private set; } = Timestamp.None;

    /// <summary>Adds an item, or a block of items, that begins at <paramref name="bodyAt"/>.</summary>
    public void Add(Offset position, Timestamp maxTimestamp, int bodyAt)
    {
        MaxTimestamp = maxTimestamp > MaxTimestamp ? maxTimestamp : MaxTimestamp;
        if (_entries.Count == 0 || bodyAt - _entries[^1].BodyAt >= IndexEntry.Interval)
        {
            _entries.Add(new IndexEntry(position, maxTimestamp, bodyAt));
        }
        else if (maxTimestamp > _entries[^1].MaxTimestamp)
        {
            _entries[^1] = _entries[^1] with { MaxTimestamp = maxTimestamp };
        }
    }

    /// <summary>Writes the entries one after the other.</summary>
    public void Write(Span<byte> destination)
    {
        foreach (var entry in _entries)
        {
            entry.Write(destination);
            destination = destination[IndexEntry.Size..];
        }
    }

    /// <summary>Clears the entries for reuse.</summary>
    public void Clear()
    {
        _entries.Clear();
        MaxTimestamp = Timestamp.None;
    }
}
