using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>Lays out the parts that maintenance writes. Bodies are gathered without copying; only headers and indexes are new.</summary>
internal static class PartLayout
{
    /// <summary>Creates a segment from adjacent objects.</summary>
    /// <param name="sources">The objects.</param>
    /// <param name="from">Where the first of them begins; its entry may say less than its header, if what lay before it is gone.</param>
    /// <param name="epoch">The epoch of the writer.</param>
    /// <param name="writer">The id of the writer.</param>
    /// <param name="logTag">The tag of the log's name.</param>
    /// <param name="stored">The object to write to storage.</param>
    public static LogObject Segment(
        IReadOnlyList<LogObject> sources, Offset from, LeaderEpoch epoch, Guid writer, uint logTag, out StoredObject stored)
    {
        var index = new IndexBuilder();
        var body = new PieceList();
        foreach (var source in sources)
        {
            for (var i = 0; i < source.Header.IndexEntries; i++)
            {
                var block = source.Index(i);
                index.Add(block.Base, block.MaxTimestamp, checked((int)body.Bytes + block.BodyAt));
            }

            foreach (var piece in source.Body)
            {
                body.Add(piece);
            }
        }

        var (first, last) = (sources[0].Header, sources[^1].Header);
        var header = new ObjectHeader
        {
            Kind = ObjectKind.Segment,
            FirstOrdinal = first.FirstOrdinal,
            LastOrdinal = last.LastOrdinal,
            Epoch = epoch,
            Writer = writer,
            Base = from,
            End = last.End,
            MaxTimestamp = index.MaxTimestamp,
            Link = first.Link,
            LastHash = last.Kind == ObjectKind.Chunk ? last.Hash : last.LastHash,
        };
        return Build(header, index, body.ToArray(), logTag, out stored);
    }

    /// <summary>Creates what takes an object's place with fewer or other items, in memory only.</summary>
    public static LogObject Rewritten(LogObject source, IndexBuilder index, ReadOnlyMemory<byte> body, uint logTag)
    {
        var old = source.Header;
        var header = old with
        {
            Kind = ObjectKind.Segment,
            MaxTimestamp = index.MaxTimestamp,
            LastHash = old.Kind == ObjectKind.Chunk ? old.Hash : old.LastHash,
        };
        return Build(header, index, body.IsEmpty ? [] : [body], logTag, out _);
    }

    /// <summary>Creates an index page from adjacent entries.</summary>
    public static LogObject Page(ReadOnlySpan<ChainEntry> entries, LeaderEpoch epoch, Guid writer, uint logTag, out StoredObject stored)
    {
        var body = new byte[ChainEntry.SizeOf(entries)];
        Invariant.Check(ChainEntry.Write(entries, body).IsEmpty, "a page is as long as its entries");
        var max = Timestamp.None;
        foreach (ref readonly var entry in entries)
        {
            max = entry.MaxTimestamp > max ? entry.MaxTimestamp : max;
        }

        var header = new ObjectHeader
        {
            Kind = ObjectKind.Page,
            FirstOrdinal = entries[0].FirstOrdinal,
            LastOrdinal = entries[^1].LastOrdinal,
            Epoch = epoch,
            Writer = writer,
            Base = entries[0].Base,
            End = entries[^1].End,
            MaxTimestamp = max,
        };
        return Build(header, null, [body], logTag, out stored);
    }

    /// <summary>Creates a snapshot that replaces everything before <paramref name="end"/>.</summary>
    public static LogObject Snapshot(
        ReadOnlyMemory<byte> state, Offset end, long lastOrdinal, LeaderEpoch epoch, Guid writer, uint logTag, out StoredObject stored)
    {
        var header = new ObjectHeader
        {
            Kind = ObjectKind.Snapshot,
            FirstOrdinal = lastOrdinal,
            LastOrdinal = lastOrdinal,
            Epoch = epoch,
            Writer = writer,
            Base = end,
            End = end,
            MaxTimestamp = Timestamp.None,
        };
        return Build(header, null, state.IsEmpty ? [] : [state], logTag, out stored);
    }

    /// <summary>Creates a page of a table. No chunk is in it, so it has no ordinals.</summary>
    public static LogObject Table(
        ReadOnlyMemory<byte>[] body, Offset end, LeaderEpoch epoch, Guid writer, uint logTag, out StoredObject stored)
    {
        var header = new ObjectHeader { Kind = ObjectKind.Table, Epoch = epoch, Writer = writer, End = end, MaxTimestamp = Timestamp.None };
        return Build(header, null, [.. body.Where(piece => !piece.IsEmpty)], logTag, out stored);
    }

    private static LogObject Build(
        in ObjectHeader header, IndexBuilder? index, ReadOnlyMemory<byte>[] body, uint logTag, out StoredObject stored)
    {
        var prefix = new byte[ObjectHeader.Size + ((index?.Count ?? 0) * IndexEntry.Size)];
        index?.Write(prefix.AsSpan(ObjectHeader.Size));
        var (bytes, crc) = (0, 0u);
        foreach (var piece in body)
        {
            bytes = checked(bytes + piece.Length);
            crc = Crc32C.Append(crc, piece.Span);
        }

        var complete = (header with { IndexEntries = index?.Count ?? 0, BodyBytes = bytes, BodyCrc = crc }).Write(prefix, logTag);
        stored = new StoredObject { Pieces = [prefix, .. body] };
        return new LogObject(complete, prefix, body, null);
    }
}
