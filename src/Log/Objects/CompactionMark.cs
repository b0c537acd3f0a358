using System.Buffers.Binary;
using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>
/// How much of a log has been compacted: a field of its head.
/// <code>
///    0  i64  clean to
///    8  i64  pass end
///   16  i64  pass next
/// </code>
/// </summary>
/// <param name="CleanTo">Everything below has been compacted by a whole pass.</param>
/// <param name="PassEnd">The pass under way ends here; without one, <paramref name="CleanTo"/>.</param>
/// <param name="PassNext">The pass under way continues here; without one, <paramref name="CleanTo"/>.</param>
public readonly record struct CompactionMark(Offset CleanTo, Offset PassEnd, Offset PassNext)
{
    /// <summary>Bytes in a head.</summary>
    internal const int Size = 24;

    /// <summary>Whether a pass is under way: it has more to rewrite, or what it has done is not noted yet.</summary>
    public bool IsPassUnderWay => CleanTo < PassEnd || PassNext < PassEnd;

    /// <summary>Whether the positions fit together: none is negative, and none lies beyond <see cref="PassEnd"/>.</summary>
    internal bool IsSound => CleanTo.Value >= 0 && PassNext.Value >= 0 && CleanTo <= PassEnd && PassNext <= PassEnd;

    /// <summary>The same mark for a log that starts at <paramref name="start"/>.</summary>
    internal CompactionMark From(Offset start) => new(Offset.Max(CleanTo, start), Offset.Max(PassEnd, start), Offset.Max(PassNext, start));

    /// <summary>Writes the mark; returns what is left of the destination.</summary>
    internal Span<byte> Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, CleanTo.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], PassEnd.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], PassNext.Value);
        return destination[Size..];
    }

    /// <summary>Reads a mark.</summary>
    internal static CompactionMark Read(ReadOnlySpan<byte> source) => new(
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(source)),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(source[8..])),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(source[16..])));
}
