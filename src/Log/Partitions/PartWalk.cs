using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>
/// Walks over the parts of a log and adds up their bytes. Pages never change, so what one of them holds is read once. What cannot be read because
/// it is damaged counts as one part.
/// </summary>
internal sealed class PartWalk(Chain chain)
{
    // Far more pages than a log has at a time; those of the past are forgotten then.
    private const int MaxPages = 20_000;

    // A log of 100,000 segments has 3,000 pages, and a store in the network takes 20 ms to answer.
    private const int PagesAtOnce = 8;

    private readonly EntryWalk _walk = new(chain.Loader);
    private readonly Dictionary<ObjectKey, long> _pages = [];

    /// <summary>The bytes of all objects with batches.</summary>
    public async ValueTask<(ErrorCode Error, long Bytes)> SizeAsync()
    {
        if (_pages.Count > MaxPages)
        {
            _pages.Clear();
        }

        return await SizeAsync(Entries(), (chain.State, chain.State.View));
    }

    /// <summary>Measures what lies at or above an offset. Reads nothing but pages, each once, and those at the beginning.</summary>
    public ValueTask<(ErrorCode Error, LogSize Size)> MeasureAsync(Offset start) =>
        MeasureAsync(Entries(), start, LogSize.None, (chain.State, chain.State.View));

    /// <summary>Visits the parts from the oldest on.</summary>
    public async ValueTask<ErrorCode> WalkAsync(Func<LogPart, LogWalkStep> visit) =>
        (await WalkAsync(Entries(), visit, (chain.State, chain.State.View))).Error;

    // As of now: the head may change while a page is read.
    private ChainEntry[] Entries() => [.. chain.State.Head.Entries, .. chain.State.Tail];

    private async ValueTask<(ErrorCode Error, long Bytes)> SizeAsync(ReadOnlyMemory<ChainEntry> entries, (ChainState State, int View) seen)
    {
        var (bytes, unread) = (0L, new List<ChainEntry>());
        foreach (ref readonly var entry in entries.Span)
        {
            if (entry.Kind != ObjectKind.Page)
            {
                bytes += entry.Bytes;
            }
            else if (_pages.TryGetValue(entry.Key, out var size))
            {
                bytes += size;
            }
            else
            {
                unread.Add(entry);
            }
        }

        foreach (var some in unread.Chunk(PagesAtOnce))
        {
            var read = await Task.WhenAll(some.Select(page => _walk.ReadPageAsync(page).AsTask()));
            for (var i = 0; i < some.Length; i++)
            {
                if (IsUnknown(read[i].Status, seen))
                {
                    return (chain.IsClosed ? chain.ClosedError : ErrorCode.KafkaStorageError, 0);
                }

                var (error, below) = await SizeAsync(read[i].Entries, seen);
                if (error != ErrorCode.None)
                {
                    return (error, 0);
                }

                _pages[some[i].Key] = below;
                bytes += below;
            }
        }

        return (ErrorCode.None, bytes);
    }

    private async ValueTask<(ErrorCode Error, LogSize Size)> MeasureAsync(
        ReadOnlyMemory<ChainEntry> entries, Offset start, LogSize size, (ChainState State, int View) seen)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries.Span[i];
            if (entry.End <= start || entry.End == entry.Base)
            {
                continue;
            }

            if (entry is { Kind: ObjectKind.Page, IsDamaged: false } && (size.Bytes == 0 || entry.Base < start))
            {
                var (status, listed) = await _walk.ReadPageAsync(entry);
                if (IsUnknown(status, seen))
                {
                    return (chain.IsClosed ? chain.ClosedError : ErrorCode.KafkaStorageError, size);
                }

                (var error, size) = await MeasureAsync(listed, start, size, seen);
                if (error != ErrorCode.None)
                {
                    return (error, size);
                }

                continue;
            }

            var (failure, bytes) = entry.Kind == ObjectKind.Page ? await SizeAsync(new[] { entry }, seen) : (ErrorCode.None, entry.Bytes);
            if (failure != ErrorCode.None)
            {
                return (failure, size);
            }

            size = size.With(bytes, entry.MaxTimestamp);
        }

        return (ErrorCode.None, size);
    }

    private async ValueTask<(ErrorCode Error, bool Goes)> WalkAsync(
        ReadOnlyMemory<ChainEntry> entries, Func<LogPart, LogWalkStep> visit, (ChainState State, int View) seen)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries.Span[i];
            var isPage = entry is { Kind: ObjectKind.Page, IsDamaged: false };
            var step = visit(PartOf(entry, isPage));
            if (step == LogWalkStep.Into && isPage)
            {
                var (status, listed) = await _walk.ReadPageAsync(entry);
                if (IsUnknown(status, seen))
                {
                    return (chain.IsClosed ? chain.ClosedError : ErrorCode.KafkaStorageError, false);
                }

                if (status == FetchStatus.Found)
                {
                    var (error, goes) = await WalkAsync(listed, visit, seen);
                    if (error != ErrorCode.None || !goes)
                    {
                        return (error, false);
                    }

                    continue;
                }

                step = visit(PartOf(entry, isDivisible: false));
            }

            if (step != LogWalkStep.Next)
            {
                return (ErrorCode.None, false);
            }
        }

        return (ErrorCode.None, true);
    }

    // A page that is gone since the entries were read was replaced.
    private bool IsUnknown(FetchStatus status, (ChainState State, int View) seen) =>
        chain.IsClosed || status == FetchStatus.Unreachable || (status == FetchStatus.Absent && seen != (chain.State, chain.State.View));

    private LogPart PartOf(ChainEntry entry, bool isDivisible) => new(
        entry.End, entry.MaxTimestamp, entry.Kind == ObjectKind.Page ? _pages.GetValueOrDefault(entry.Key) : entry.Bytes, isDivisible);
}
