using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// The encoding of <see cref="CatalogRecord"/> in the catalog's journal. Big-endian; a name is a 2-byte length and ASCII.
/// <code>
///   every record   1 layout, now 1 | 1 kind | fields
///   1 Announced    name
///   2 Exists       name
///   3 Gone         name
///   4 Snapshot     names that exist | names that are announced
///   names          4 count | count × name
/// </code>
/// Golden bytes: CatalogRecordCodecTests.
/// </summary>
public static class CatalogRecordCodec
{
    private const byte Layout = 1;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(CatalogRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case CatalogRecord.Announced announced:
                writer.Byte(1).Text(announced.Name.Value);
                break;
            case CatalogRecord.Exists exists:
                writer.Byte(2).Text(exists.Name.Value);
                break;
            case CatalogRecord.Gone gone:
                writer.Byte(3).Text(gone.Name.Value);
                break;
            case CatalogRecord.Snapshot snapshot:
                writer.Byte(4);
                WriteNames(writer, snapshot.Live);
                WriteNames(writer, snapshot.Unsettled);
                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CatalogRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        if (reader.Byte() != Layout)
        {
            return false;
        }

        var kind = reader.Byte();
        if (kind == 4)
        {
            record = TryReadNames(ref reader, out var live) && TryReadNames(ref reader, out var unsettled)
                ? new CatalogRecord.Snapshot(live, unsettled)
                : null;
        }
        else if (TryReadName(ref reader, out var name))
        {
            record = kind switch
            {
                1 => new CatalogRecord.Announced(name),
                2 => new CatalogRecord.Exists(name),
                3 => new CatalogRecord.Gone(name),
                _ => null,
            };
        }

        return record is not null && reader.IsComplete;
    }

    private static void WriteNames(FieldWriter writer, IReadOnlyList<TopicName> names)
    {
        writer.Int32(names.Count);
        foreach (var name in names)
        {
            writer.Text(name.Value);
        }
    }

    private static bool TryReadNames(ref FieldReader reader, [NotNullWhen(true)] out List<TopicName>? names)
    {
        names = null;
        var count = reader.Int32();
        const int shortestName = 3;
        if (count < 0 || count > reader.Left / shortestName)
        {
            return false;
        }

        var read = new List<TopicName>(count);
        while (read.Count < count)
        {
            if (!TryReadName(ref reader, out var name))
            {
                return false;
            }

            read.Add(name);
        }

        names = read;
        return true;
    }

    private static bool TryReadName(ref FieldReader reader, out TopicName name)
    {
        name = default;
        return reader.TryText(out var text) && TopicName.TryParse(text, out name, out _);
    }
}
