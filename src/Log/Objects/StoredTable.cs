using System.Buffers.Binary;
using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>What a table says of its log.</summary>
public enum TableKind : byte
{
    /// <summary>Where the last record of each key lies.</summary>
    Keys = 1,

    /// <summary>What was last appended by each producer.</summary>
    Producers = 2,
}

/// <summary>A table that is stored beside a log: pages that the log keeps and its owner understands.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="End">That holds for all records before this offset.</param>
/// <param name="Entries">How many entries it has, at most.</param>
/// <param name="Pages">How many pages it has, at least one.</param>
public readonly record struct LogTable(TableKind Kind, Offset End, long Entries, int Pages);

/// <summary>
/// Where the pages of a table lie, in the head of a log: of each kind the table that is complete, if there is one, and the one that is being written.
/// Kinds that a version does not know are kept.
/// <code>
///    0  u8   kind (TableKind)
///    1  u24  zero
///    4  i32  pages
///    8  i64  end
///   16  i64  entries
///   24  i32  runs
///   28  u32  zero
///   32       runs, in order of the pages: {i64 head revision, i32 first index, i32 count} of their parts
/// </code>
/// </summary>
/// <param name="Table">What the table is, once it is complete.</param>
/// <param name="Runs">The parts that hold its first pages.</param>
internal sealed record StoredTable(LogTable Table, PartRun[] Runs)
{
    private const int FixedBytes = 32;

    /// <summary>How many pages have been written.</summary>
    public int WrittenPages => Runs.Sum(run => run.Count);

    /// <summary>Whether all pages have been written.</summary>
    public bool IsComplete => WrittenPages == Table.Pages;

    /// <summary>The key of a page that has been written.</summary>
    public ObjectKey KeyOf(int page)
    {
        foreach (var run in Runs)
        {
            if (page < run.Count)
            {
                return run.KeyOf(page);
            }

            page -= run.Count;
        }

        throw new ArgumentOutOfRangeException(nameof(page), page, "The table has fewer pages.");
    }

    /// <summary>The keys of all pages that have been written.</summary>
    public IEnumerable<ObjectKey> Keys() => Runs.SelectMany(run => Enumerable.Range(0, run.Count).Select(run.KeyOf));

    /// <summary>Bytes of all tables.</summary>
    public static int SizeOf(ReadOnlySpan<StoredTable> tables)
    {
        var size = 0;
        foreach (var table in tables)
        {
            size += FixedBytes + (table.Runs.Length * PartRun.Size);
        }

        return size;
    }

    /// <summary>Writes tables one after the other; returns what is left of the destination.</summary>
    public static Span<byte> Write(ReadOnlySpan<StoredTable> tables, Span<byte> destination)
    {
        foreach (var (table, runs) in tables)
        {
            destination[..FixedBytes].Clear();
            destination[0] = (byte)table.Kind;
            BinaryPrimitives.WriteInt32LittleEndian(destination[4..], table.Pages);
            BinaryPrimitives.WriteInt64LittleEndian(destination[8..], table.End.Value);
            BinaryPrimitives.WriteInt64LittleEndian(destination[16..], table.Entries);
            BinaryPrimitives.WriteInt32LittleEndian(destination[24..], runs.Length);
            destination = destination[FixedBytes..];
            foreach (var run in runs)
            {
                run.Write(destination);
                destination = destination[PartRun.Size..];
            }
        }

        return destination;
    }

    /// <summary>Reads tables until the source ends; false if any is incomplete or invalid, or if there are two of a kind and state.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out StoredTable[] tables)
    {
        var read = new List<StoredTable>(2);
        tables = [];
        while (source.Length > 0)
        {
            if (!TryReadOne(ref source, out var table)
                || read.Exists(other => other.Table.Kind == table!.Table.Kind && other.IsComplete == table.IsComplete))
            {
                return false;
            }

            read.Add(table!);
        }

        tables = [.. read];
        return true;
    }

    private static bool TryReadOne(ref ReadOnlySpan<byte> source, out StoredTable? table)
    {
        table = null;
        if (source.Length < FixedBytes)
        {
            return false;
        }

        var described = new LogTable(
            (TableKind)source[0],
            new Offset(BinaryPrimitives.ReadInt64LittleEndian(source[8..])),
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[4..]));
        var count = BinaryPrimitives.ReadInt32LittleEndian(source[24..]);
        source = source[FixedBytes..];
        if (described.End.Value < 0 || described.Entries < 0 || described.Pages < 1 || count < 1 || source.Length / PartRun.Size < count)
        {
            return false;
        }

        var (runs, pages) = (new PartRun[count], 0L);
        for (var i = 0; i < count; i++)
        {
            runs[i] = PartRun.Read(source);
            pages += runs[i].Count;
            source = source[PartRun.Size..];
            if (!runs[i].IsSound)
            {
                return false;
            }
        }

        table = new StoredTable(described, runs);
        return pages <= described.Pages;
    }
}

/// <summary>Parts that one step wrote one after the other.</summary>
/// <param name="Revision">The revision of the head when they were written.</param>
/// <param name="First">The index of the first.</param>
/// <param name="Count">How many.</param>
internal readonly record struct PartRun(long Revision, int First, int Count)
{
    /// <summary>Bytes in a head.</summary>
    public const int Size = 16;

    /// <summary>Whether it can be what a step wrote.</summary>
    public bool IsSound => Revision >= 0 && First >= 0 && Count > 0 && First <= int.MaxValue - Count;

    /// <summary>The key of a part.</summary>
    public ObjectKey KeyOf(int at) => ObjectKey.Part(Revision, First + at);

    /// <summary>Reads a run.</summary>
    public static PartRun Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt64LittleEndian(source),
        BinaryPrimitives.ReadInt32LittleEndian(source[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[12..]));

    /// <summary>Writes the run.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, Revision);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], First);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], Count);
    }
}
