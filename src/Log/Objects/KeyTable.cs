using System.Buffers.Binary;
using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>A stored table of the keys of a log, up to an offset: pages that the log keeps and its owner understands.</summary>
/// <param name="End">What the table says holds for all records before this offset.</param>
/// <param name="Keys">How many entries it has, at most.</param>
/// <param name="Pages">How many pages it has.</param>
public readonly record struct KeyTable(Offset End, long Keys, int Pages);

/// <summary>
/// Where the pages of a key table lie: in the head of a log, first the table that is complete, if there is one, then the one that is being written.
/// <code>
///    0  i64  end
///    8  i64  keys
///   16  i32  pages
///   20  i32  runs
///   24       runs, in order of the pages: {i64 head revision, i32 first index, i32 count} of their parts
/// </code>
/// </summary>
/// <param name="Table">What the table is, once it is complete.</param>
/// <param name="Runs">The parts that hold its first pages.</param>
internal sealed record StoredKeyTable(KeyTable Table, PartRun[] Runs)
{
    private const int FixedBytes = 24;

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
    public static int SizeOf(ReadOnlySpan<StoredKeyTable> tables)
    {
        var size = 0;
        foreach (var table in tables)
        {
            size += FixedBytes + (table.Runs.Length * PartRun.Size);
        }

        return size;
    }

    /// <summary>Writes tables one after the other; returns what is left of the destination.</summary>
    public static Span<byte> Write(ReadOnlySpan<StoredKeyTable> tables, Span<byte> destination)
    {
        foreach (var (table, runs) in tables)
        {
            BinaryPrimitives.WriteInt64LittleEndian(destination, table.End.Value);
            BinaryPrimitives.WriteInt64LittleEndian(destination[8..], table.Keys);
            BinaryPrimitives.WriteInt32LittleEndian(destination[16..], table.Pages);
            BinaryPrimitives.WriteInt32LittleEndian(destination[20..], runs.Length);
            destination = destination[FixedBytes..];
            foreach (var run in runs)
            {
                run.Write(destination);
                destination = destination[PartRun.Size..];
            }
        }

        return destination;
    }

    /// <summary>Reads tables until the source ends; false if any is incomplete or invalid, or if there are more than two or two of a kind.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out StoredKeyTable[] tables)
    {
        var read = new List<StoredKeyTable>(2);
        tables = [];
        while (source.Length > 0)
        {
            if (!TryReadOne(ref source, out var table) || read.Exists(other => other.IsComplete == table!.IsComplete || table.IsComplete))
            {
                return false;
            }

            read.Add(table!);
        }

        tables = [.. read];
        return true;
    }

    private static bool TryReadOne(ref ReadOnlySpan<byte> source, out StoredKeyTable? table)
    {
        table = null;
        if (source.Length < FixedBytes)
        {
            return false;
        }

        var described = new KeyTable(
            new Offset(BinaryPrimitives.ReadInt64LittleEndian(source)),
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[16..]));
        var count = BinaryPrimitives.ReadInt32LittleEndian(source[20..]);
        source = source[FixedBytes..];
        if (described.End.Value < 0 || described.Keys < 0 || described.Pages < 0 || count < 0 || source.Length / PartRun.Size < count)
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

        table = new StoredKeyTable(described, runs);
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
