using System.Diagnostics.CodeAnalysis;
using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions.Catalog;

/// <summary>
/// The encoding of <see cref="TransactionCatalogRecord"/> in a catalog's journal. Big-endian; an id is a 2-byte length and UTF-8.
/// <code>
///   every record   1 layout, now 1 | 1 kind | fields
///   1 Used         entry
///   2 Snapshot     4 count | count × entry, none of which is gone
///   entry          id | 1 use: 0 gone, 1 idle, 2 active
/// </code>
/// Golden bytes: TransactionCatalogTests.
/// </summary>
public static class TransactionCatalogCodec
{
    private const byte Layout = 1;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(TransactionCatalogRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case TransactionCatalogRecord.Used used:
                writer.Byte(1).Text(used.Id.Value).Byte((byte)used.Use);
                break;
            case TransactionCatalogRecord.Snapshot snapshot:
                writer.Byte(2).Int32(snapshot.Ids.Count);
                foreach (var (id, use) in snapshot.Ids)
                {
                    writer.Text(id.Value).Byte((byte)use);
                }

                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TransactionCatalogRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        if (reader.Byte() != Layout)
        {
            return false;
        }

        record = reader.Byte() switch
        {
            1 => TryReadEntry(ref reader, out var entry) ? new TransactionCatalogRecord.Used(entry.Id, entry.Use) : null,
            2 => ReadSnapshot(ref reader),
            _ => null,
        };
        record = reader.IsComplete ? record : null;
        return record is not null;
    }

    private static TransactionCatalogRecord.Snapshot? ReadSnapshot(ref FieldReader reader)
    {
        var count = reader.Int32();
        const int shortestEntry = 4;
        if (count < 0 || count > reader.Left / shortestEntry)
        {
            return null;
        }

        var ids = new (TransactionalId Id, TransactionalIdUse Use)[count];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadEntry(ref reader, out ids[i]) || ids[i].Use == TransactionalIdUse.Gone || (i > 0 && ids[i - 1].Id.CompareTo(ids[i].Id) >= 0))
            {
                return null;
            }
        }

        return new TransactionCatalogRecord.Snapshot(ids);
    }

    private static bool TryReadEntry(ref FieldReader reader, out (TransactionalId Id, TransactionalIdUse Use) entry)
    {
        entry = default;
        if (!reader.TryText(out var text) || !TransactionalId.TryParse(text, out var id, out _))
        {
            return false;
        }

        entry = (id, (TransactionalIdUse)reader.Byte());
        return !reader.HasFailed && Enum.IsDefined(entry.Use);
    }
}
