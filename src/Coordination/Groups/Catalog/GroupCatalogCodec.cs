using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Groups.Catalog;

/// <summary>
/// The encoding of <see cref="GroupCatalogRecord"/> in a catalog's journal. Big-endian; an id is a 2-byte length and UTF-8.
/// <code>
///   every record   1 layout, now 1 | 1 kind | fields
///   1 Exists       id
///   2 Gone         id
///   3 Snapshot     4 count | count × id
/// </code>
/// Golden bytes: GroupCatalogTests.
/// </summary>
public static class GroupCatalogCodec
{
    private const byte Layout = 1;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(GroupCatalogRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case GroupCatalogRecord.Exists exists:
                writer.Byte(1).Text(exists.Id.Value);
                break;
            case GroupCatalogRecord.Gone gone:
                writer.Byte(2).Text(gone.Id.Value);
                break;
            case GroupCatalogRecord.Snapshot snapshot:
                writer.Byte(3).Int32(snapshot.Ids.Count);
                foreach (var id in snapshot.Ids)
                {
                    writer.Text(id.Value);
                }

                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupCatalogRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        if (reader.Byte() != Layout)
        {
            return false;
        }

        record = reader.Byte() switch
        {
            1 => TryReadId(ref reader, out var id) ? new GroupCatalogRecord.Exists(id) : null,
            2 => TryReadId(ref reader, out var id) ? new GroupCatalogRecord.Gone(id) : null,
            3 => ReadSnapshot(ref reader),
            _ => null,
        };
        record = reader.IsComplete ? record : null;
        return record is not null;
    }

    private static GroupCatalogRecord.Snapshot? ReadSnapshot(ref FieldReader reader)
    {
        var count = reader.Int32();
        const int shortestId = 3;
        if (count < 0 || count > reader.Left / shortestId)
        {
            return null;
        }

        var ids = new GroupId[count];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadId(ref reader, out var id) || (i > 0 && ids[i - 1].CompareTo(id) >= 0))
            {
                return null;
            }

            ids[i] = id;
        }

        return new GroupCatalogRecord.Snapshot(ids);
    }

    private static bool TryReadId(ref FieldReader reader, out GroupId id)
    {
        id = default;
        return reader.TryText(out var text) && GroupId.TryParse(text, out id, out _);
    }
}
