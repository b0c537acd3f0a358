using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// Lays out a chunk for a gathered write. Everything that the log itself writes, and every small item, is written to one array, the frame;
/// a large item stays in its own memory and becomes a separate piece:
/// <code>
///   frame:   [header][index][stamp a][stamp b | small item b][stamp c]        [stamp d | small item d]
///   pieces:  [header .. stamp a] [large item a] [stamp b .. stamp c] [large item c] [stamp d .. d]
/// </code>
/// </summary>
internal static class ChunkLayout
{
    /// <summary>An item below this size is copied: a gathered write costs more per piece than copying so little.</summary>
    public const int SmallItemBytes = 1024;

    /// <summary>Creates a chunk without items.</summary>
    public static LogObject Fence(in ObjectHeader header, uint logTag, out StoredObject stored)
    {
        var prefix = new byte[ObjectHeader.Size];
        stored = new StoredObject { Pieces = [prefix] };
        var complete = header with { End = header.Base, MaxTimestamp = Timestamp.None };
        return new LogObject(complete.Write(prefix, logTag), prefix, [], null);
    }

    /// <summary>Creates a chunk.</summary>
    /// <param name="header">The header without what follows from the items; its base is the first item's position.</param>
    /// <param name="items">The items in order; at least one.</param>
    /// <param name="format">The layout of the items.</param>
    /// <param name="logTag">The tag of the log's name.</param>
    /// <param name="index">Scratch space.</param>
    /// <param name="stored">The object to write to storage.</param>
    /// <returns>The same chunk as an object in memory.</returns>
    public static LogObject Build(
        in ObjectHeader header, IReadOnlyList<Item> items, ItemFormat format, uint logTag, IndexBuilder index, out StoredObject stored)
    {
        index.Clear();
        var (frameBytes, bodyBytes, largeItems) = Measure(header.Base, items, format, index, out var end);
        var prefixBytes = ObjectHeader.Size + (index.Count * IndexEntry.Size);
        var frame = GC.AllocateUninitializedArray<byte>(prefixBytes + frameBytes);
        var body = new ReadOnlyMemory<byte>[CountPieces(frameBytes, largeItems, items, format)];
        var crc = Gather(header.Base, header.Epoch, items, format, frame, prefixBytes, body);

        index.Write(frame.AsSpan(ObjectHeader.Size));
        var complete = (header with
        {
            End = end,
            MaxTimestamp = index.MaxTimestamp,
            IndexEntries = index.Count,
            BodyBytes = bodyBytes,
            BodyCrc = crc,
        }).Write(frame.AsSpan(0, prefixBytes), logTag);

        stored = new StoredObject { Pieces = Join(frame, prefixBytes, body) };
        return new LogObject(complete, frame.AsMemory(0, prefixBytes), body, null);
    }

    private static (int Frame, int Body, int LargeItems) Measure(
        Offset position, IReadOnlyList<Item> items, ItemFormat format, IndexBuilder index, out Offset end)
    {
        var (frame, body, large) = (0, 0, 0);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            index.Add(position, item.MaxTimestamp, body);
            var stamp = format.StampBytes(item);
            var rest = format.Rest(item).Length;
            var isLarge = rest >= SmallItemBytes;
            frame = checked(frame + stamp + (isLarge ? 0 : rest));
            body = checked(body + stamp + rest);
            large += isLarge ? 1 : 0;
            position += item.Positions;
        }

        end = position;
        return (frame, body, large);
    }

    /// <summary>
    /// Each large item ends a run of the frame; the frame's last run has no large item after it unless the last item is one.
    /// </summary>
    private static int CountPieces(int frameBytes, int largeItems, IReadOnlyList<Item> items, ItemFormat format)
    {
        if (frameBytes == 0)
        {
            return 0;
        }

        var last = items[items.Count - 1];
        return (largeItems * 2) + (format.Rest(last).Length >= SmallItemBytes ? 0 : 1);
    }

    private static uint Gather(
        Offset position,
        LeaderEpoch epoch,
        IReadOnlyList<Item> items,
        ItemFormat format,
        byte[] frame,
        int frameAt,
        ReadOnlyMemory<byte>[] body)
    {
        var (crc, piece, runStart) = (0u, 0, frameAt);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            var stamp = format.StampBytes(item);
            format.Stamp(item, position, epoch, frame.AsSpan(frameAt, stamp));
            frameAt += stamp;
            position += item.Positions;
            var rest = format.Rest(item);
            if (rest.Length < SmallItemBytes)
            {
                rest.Span.CopyTo(frame.AsSpan(frameAt));
                frameAt += rest.Length;
                continue;
            }

            crc = Crc32C.Append(crc, frame.AsSpan(runStart, frameAt - runStart));
            crc = Crc32C.Append(crc, rest.Span);
            body[piece++] = frame.AsMemory(runStart, frameAt - runStart);
            body[piece++] = rest;
            runStart = frameAt;
        }

        if (runStart < frameAt)
        {
            crc = Crc32C.Append(crc, frame.AsSpan(runStart, frameAt - runStart));
            body[piece++] = frame.AsMemory(runStart, frameAt - runStart);
        }

        Invariant.Check(piece == body.Length && frameAt == frame.Length, "the pieces are those that were counted");
        return crc;
    }

    /// <summary>The header and the first run are adjacent in the frame, so they are written as one piece.</summary>
    private static ReadOnlyMemory<byte>[] Join(byte[] frame, int prefixBytes, ReadOnlyMemory<byte>[] body)
    {
        if (body.Length == 0)
        {
            return [frame];
        }

        var pieces = new ReadOnlyMemory<byte>[body.Length];
        pieces[0] = frame.AsMemory(0, prefixBytes + body[0].Length);
        body.AsSpan(1).CopyTo(pieces.AsSpan(1));
        return pieces;
    }
}
