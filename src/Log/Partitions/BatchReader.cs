using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>
/// Reads record batches from a chain: finds the object by position, the block by the sparse index, and the batch by stepping over headers
/// in the block. Objects in memory are read synchronously. A damaged or missing object fails the read with the offset after it, so that a
/// reader can continue there.
/// </summary>
internal sealed class BatchReader(Chain chain)
{
    private readonly EntryWalk _walk = new(chain.Loader);
    private readonly ReadAhead _ahead = new(chain);

    /// <summary>Reads whole batches from the one that holds <paramref name="from"/>, which lies below the durable positions.</summary>
    public ValueTask<LogRead> ReadAsync(Offset from, int maxBytes)
    {
        var pieces = new PieceList();
        if (!TryReadResident(from, maxBytes, ref pieces, out var next))
        {
            return ReadOnAsync(pieces, from, next, maxBytes);
        }

        _ahead.Continue(from, next);
        return new ValueTask<LogRead>(new LogRead(ErrorCode.None, pieces.ToArray(), next, pieces.Bytes));
    }

    /// <summary>
    /// Finds the first batch that ends after <paramref name="start"/> whose greatest timestamp is at or after the given one. If it begins before,
    /// the record that matches may lie there: the next one follows it in the result.
    /// </summary>
    public async ValueTask<LogRead> FindAsync(Timestamp timestamp, Offset start, CancellationToken cancellation)
    {
        var (from, pieces) = (start, new PieceList());
        while (chain.State.TryLocate(timestamp, from, out var entry))
        {
            cancellation.ThrowIfCancellationRequested();
            var seen = (chain.State, chain.State.View);
            var (status, isPast) = (FetchStatus.Found, false);
            while (entry.Kind == ObjectKind.Page && status == FetchStatus.Found && !isPast)
            {
                (status, var below) = await _walk.ReadPageAsync(entry);
                if (EntrySearch.TryLocate(below, timestamp, from, out var child))
                {
                    entry = child;
                }
                else
                {
                    isPast = status == FetchStatus.Found;
                }
            }

            if (isPast)
            {
                // What gives the page its greatest timestamp ends at or before the position.
                from = entry.End;
                continue;
            }

            var loaded = status == FetchStatus.Found ? await chain.Loader.LoadAsync(entry) : new Loaded(status, null);
            if (loaded.Object is null)
            {
                if (await RefuseAsync(loaded.Status, entry, seen) is { } refusal)
                {
                    return refusal;
                }

                continue;
            }

            if (TryFind(loaded.Object, timestamp, from, out var batch))
            {
                loaded.Object.Slice(batch.BodyAt, batch.BodyEnd, ref pieces);
                if (batch.BaseOffset >= start)
                {
                    return new LogRead(ErrorCode.None, pieces.ToArray(), batch.NextOffset, pieces.Bytes);
                }

                from = batch.NextOffset;
                continue;
            }

            from = entry.End;
        }

        return new LogRead(ErrorCode.None, pieces.ToArray(), chain.State.Durable, pieces.Bytes);
    }

    /// <summary>Adds batches from objects in memory; false, and where to go on, if one that is not in memory should follow.</summary>
    private bool TryReadResident(Offset from, int maxBytes, ref PieceList pieces, out Offset next)
    {
        next = from;
        while (chain.State.TryLocate(next, out var entry))
        {
            if (entry.Kind == ObjectKind.Page || !chain.Loader.TryGetResident(entry, out var found))
            {
                // Loads the next object only if it fits the rest of the request.
                return pieces.Bytes > 0 && pieces.Bytes + entry.Bytes > maxBytes;
            }

            chain.Options.Metrics.CacheHits.Add(1);
            if (!TakeFrom(found!, entry.End, maxBytes, ref pieces, ref next))
            {
                return true;
            }
        }

        return true;
    }

    private async ValueTask<LogRead> ReadOnAsync(PieceList pieces, Offset from, Offset next, int maxBytes)
    {
        // Of small chunks, many follow each other in one page: it is decoded once.
        var (page, listed) = (default(ObjectKey), Array.Empty<ChainEntry>());
        do
        {
            if (next < chain.State.Head.Start)
            {
                // The start has moved past it while an object was read.
                return pieces.Bytes == 0
                    ? new LogRead(ErrorCode.OffsetOutOfRange, [], next, 0)
                    : new LogRead(ErrorCode.None, pieces.ToArray(), next, pieces.Bytes);
            }

            if (!chain.State.TryLocate(next, out var entry))
            {
                break;
            }

            var seen = (chain.State, chain.State.View);
            var status = FetchStatus.Found;
            while (entry.Kind == ObjectKind.Page && status == FetchStatus.Found)
            {
                if (listed.Length == 0 || page != entry.Key)
                {
                    page = entry.Key;
                    (status, listed) = await _walk.ReadPageAsync(entry);
                }

                if (EntrySearch.TryLocate(listed, next, out var child))
                {
                    entry = child;
                }
                else if (status == FetchStatus.Found)
                {
                    status = FetchStatus.Damaged;
                }
            }

            var loaded = new Loaded(status, null);
            if (status == FetchStatus.Found)
            {
                var load = chain.Loader.LoadAsync(entry);
                _ahead.Load(from, entry, listed, maxBytes - pieces.Bytes - entry.Bytes);
                loaded = await load;
            }

            if (loaded.Object is not null)
            {
                if (!TakeFrom(loaded.Object, entry.End, maxBytes, ref pieces, ref next))
                {
                    break;
                }
            }
            else if (await RefuseAsync(loaded.Status, entry, seen) is { } refusal)
            {
                // Batches before the damage are good; a read that starts at the damage gets the error.
                return pieces.Bytes == 0 ? refusal : new LogRead(ErrorCode.None, pieces.ToArray(), next, pieces.Bytes);
            }
        }
        while (!TryReadResident(next, maxBytes, ref pieces, out next));

        _ahead.Passed(from, next);
        return new LogRead(ErrorCode.None, pieces.ToArray(), next, pieces.Bytes);
    }

    /// <summary>
    /// The result of a read whose object is unavailable; null if maintenance, ours or another writer's, has replaced the object meanwhile.
    /// </summary>
    private async ValueTask<LogRead?> RefuseAsync(FetchStatus status, ChainEntry entry, (ChainState State, int View) seen)
    {
        var movedOn = status == FetchStatus.Unreachable ? null : await chain.HeadRefresh.HasMovedOnAsync(seen);
        var error = movedOn is null ? ErrorCode.KafkaStorageError : chain.IsClosed ? chain.ClosedError : ErrorCode.CorruptMessage;
        if (movedOn == true && !chain.IsClosed)
        {
            return null;
        }

        chain.Options.Metrics.CorruptObjects.Add(error == ErrorCode.CorruptMessage && status == FetchStatus.Absent ? 1 : 0);
        return new LogRead(error, [], entry.End, 0);
    }

    /// <summary>Adds batches of one object from <paramref name="next"/> on; false if the request is full before the object's end.</summary>
    private static bool TakeFrom(LogObject source, Offset end, int maxBytes, ref PieceList pieces, ref Offset next)
    {
        // There may be no batch: an object can end in positions without batches, or before its assumed end if that was a guess.
        var first = source.Header.IndexEntries > 0 ? First(source, next) : default;
        var room = maxBytes - pieces.Bytes;
        if (first.SizeInBytes > room && pieces.Bytes > 0)
        {
            return false;
        }

        if (first.SizeInBytes == 0 || source.Header.BodyBytes - first.BodyAt <= room)
        {
            source.Slice(first.BodyAt, first.SizeInBytes == 0 ? first.BodyAt : source.Header.BodyBytes, ref pieces);
            next = end;
            return true;
        }

        var last = LastThatFits(source, first, first.BodyAt + room);
        source.Slice(first.BodyAt, last.BodyEnd, ref pieces);
        next = last.NextOffset;
        return false;
    }

    /// <summary>The first batch that ends after <paramref name="position"/>; an empty one if there is none.</summary>
    private static StoredBatch First(LogObject source, Offset position)
    {
        for (var at = source.Index(source.FindBlock(position)).BodyAt; at < source.Header.BodyBytes;)
        {
            var batch = StoredBatch.Read(source, at);
            if (batch.NextOffset > position)
            {
                return batch;
            }

            at = batch.BodyEnd;
        }

        return default;
    }

    /// <summary>The last batch that ends at or before <paramref name="limit"/> in the body; the first one if none does.</summary>
    private static StoredBatch LastThatFits(LogObject source, StoredBatch first, long limit)
    {
        var last = first;
        var block = source.Index(source.FindBlockAt((int)Math.Min(limit, source.Header.BodyBytes - 1))).BodyAt;
        for (var at = Math.Max(block, first.BodyAt); at < source.Header.BodyBytes;)
        {
            var batch = StoredBatch.Read(source, at);
            if (batch.BodyEnd > limit)
            {
                break;
            }

            last = batch;
            at = batch.BodyEnd;
        }

        return last == first && block > first.BodyAt ? Before(source, block) : last;
    }

    /// <summary>The batch that ends where a block begins.</summary>
    private static StoredBatch Before(LogObject source, int block)
    {
        var batch = StoredBatch.Read(source, source.Index(source.FindBlockAt(block - 1)).BodyAt);
        while (batch.BodyEnd < block)
        {
            batch = StoredBatch.Read(source, batch.BodyEnd);
        }

        return batch;
    }

    private static bool TryFind(LogObject source, Timestamp timestamp, Offset from, out StoredBatch found)
    {
        for (var block = 0; block < source.Header.IndexEntries; block++)
        {
            var entry = source.Index(block);
            if (entry.MaxTimestamp < timestamp)
            {
                continue;
            }

            for (var at = entry.BodyAt; at < source.BlockEnd(block);)
            {
                found = StoredBatch.Read(source, at);
                if (found.MaxTimestamp >= timestamp && found.NextOffset > from)
                {
                    return true;
                }

                at = found.BodyEnd;
            }
        }

        found = default;
        return false;
    }
}
