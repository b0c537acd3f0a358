using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// One step of a rewrite: loads adjacent listed objects one after the other, has their items rewritten, writes what remains as fewer segments, and
/// lists those in one write of the head. What ends a step early leaves the chain as it was. Positions never move: an object whose items are all gone
/// leaves its range to the next one, or to an object without items.
/// </summary>
internal sealed class SegmentRewrite(Chain chain, PartWriter parts, ObjectLoader loader, LogName name)
{
    private readonly List<(ChainEntry Entry, LogObject Object, bool IsAsItWas)> _run = [];
    private readonly List<ChainEntry> _results = [];
    private readonly List<ChainEntry> _written = [];
    private long _runBytes;
    private Offset _listedTo;

    /// <summary>Runs the step, while no other one runs.</summary>
    /// <param name="from">The first object is the one that holds this position or follows it.</param>
    /// <param name="to">Objects that end after this position stay as they are.</param>
    /// <param name="rewrite">Returns the new form of an object.</param>
    /// <param name="mark">The mark for the head, given where the next step continues. A step that changes nothing else writes no head.</param>
    public async Task<RewriteStep> RunAsync(
        Offset from, Offset to, Func<LogObject, Task<RewrittenObject>> rewrite, Func<Offset, CompactionMark> mark)
    {
        var head = chain.State.Head;
        var cut = new EntryCut(new EntryWalk(loader), Offset.Max(from, head.Start), to, chain.Options.RewriteBytes);
        var (status, damaged) = await cut.FindAsync(head.Entries);
        if (status != FetchStatus.Found || chain.IsClosed)
        {
            return new RewriteStep(await ErrorOfAsync(status, damaged), from);
        }

        if (cut.Objects.Count == 0)
        {
            return new RewriteStep(ErrorCode.None, Offset.Max(from, to));
        }

        var next = cut.Objects[^1].End;
        var isListed = false;
        try
        {
            var error = await RewriteAsync(cut.Objects, rewrite);
            if (error == ErrorCode.None && (_written.Count > 0 || _results.Count < cut.Objects.Count))
            {
                error = await ListAsync(cut, mark(next));
                isListed = error == ErrorCode.None;
            }

            return error == ErrorCode.None
                ? new RewriteStep(error, next, cut.Objects.Sum(entry => (long)entry.Bytes), _written.Sum(entry => (long)entry.Bytes))
                : new RewriteStep(error, from);
        }
        finally
        {
            if (!isListed)
            {
                parts.Abandon(_written);
            }
        }
    }

    private async Task<ErrorCode> RewriteAsync(List<ChainEntry> sources, Func<LogObject, Task<RewrittenObject>> rewrite)
    {
        _listedTo = sources[0].Base;
        foreach (var source in sources)
        {
            var loaded = await loader.LoadAsync(source, caches: false);
            if (chain.IsClosed || loaded.Object is not { } found)
            {
                return await ErrorOfAsync(loaded.Status, source);
            }

            var (error, rewritten) = await rewrite(found);
            if (chain.IsClosed || rewritten is null)
            {
                return chain.IsClosed ? chain.ClosedError : error;
            }

            // A large object that is as it was would only be copied.
            var isAsItWas = rewritten == found;
            var standsAlone = isAsItWas && source.Bytes >= chain.Options.SegmentBytes / 2;
            error = standsAlone || _runBytes + rewritten.Bytes > chain.Options.SegmentBytes ? await EndRunAsync(isLast: false) : ErrorCode.None;
            _run.Add((source, rewritten, isAsItWas));
            _runBytes += rewritten.Bytes;
            if (error == ErrorCode.None && standsAlone)
            {
                error = await EndRunAsync(isLast: false);
            }

            if (error != ErrorCode.None)
            {
                return error;
            }
        }

        return await EndRunAsync(isLast: true);
    }

    /// <summary>Makes one segment of the objects that have gathered.</summary>
    private async Task<ErrorCode> EndRunAsync(bool isLast)
    {
        var run = _run.ToArray();
        _run.Clear();
        _runBytes = 0;
        var items = run.Count(source => source.Object.Header.BodyBytes > 0);
        if (run.Length == 0 || (items == 0 && (!isLast || run[^1].Entry.End == _listedTo)))
        {
            // Without items: the range goes to what follows. The last one is kept, because its ordinals are in no other object.
            return ErrorCode.None;
        }

        if (run[^1].IsAsItWas && items == (run[^1].Object.Header.BodyBytes > 0 ? 1 : 0))
        {
            _results.Add(run[^1].Entry with { Base = _listedTo });
        }
        else
        {
            var segment = PartLayout.Segment(
                [.. run.Select(source => source.Object)], _listedTo, chain.Epoch, chain.Writer, name.Tag, out var stored);
            var level = segment.Bytes >= chain.Options.SegmentBytes / 2 ? ChainEntry.FullLevel : (byte)0;
            var (error, entry) = await WriteAsync(segment, stored, level);
            if (error != ErrorCode.None)
            {
                return error;
            }

            _results.Add(entry);
        }

        _listedTo = run[^1].Entry.End;
        return ErrorCode.None;
    }

    /// <summary>Lists the results in place of the objects, in pages as they were.</summary>
    private async Task<ErrorCode> ListAsync(EntryCut cut, CompactionMark mark)
    {
        ChainEntry[] entries = [.. _results];
        for (var height = 0; height < cut.Height; height++)
        {
            var listed = cut.Around(height, entries);
            var pages = (listed.Length + chain.Options.HeadSegments - 1) / chain.Options.HeadSegments;
            entries = new ChainEntry[pages];
            for (var i = 0; i < pages; i++)
            {
                var some = listed.AsSpan(listed.Length * i / pages, (listed.Length * (i + 1) / pages) - (listed.Length * i / pages));
                var page = PartLayout.Page(some, chain.Epoch, chain.Writer, name.Tag, out var stored);
                (var error, entries[i]) = await WriteAsync(page, stored, (byte)(height + 1));
                if (error != ErrorCode.None)
                {
                    return error;
                }
            }
        }

        var kept = _results.Select(entry => entry.Key).ToHashSet();
        var replaced = cut.Objects.Where(entry => !kept.Contains(entry.Key)).ToArray();
        var outcome = await parts.WriteHeadAsync(
            head => (head with
            {
                Entries = [.. head.Entries[..cut.FirstEntry], .. entries, .. head.Entries[(cut.FirstEntry + cut.Entries)..]],
            }).With(mark),
            [.. PendingGarbage.Of(replaced.Concat(cut.Pages))],
            0);
        if (outcome != WriteOutcome.Done)
        {
            return chain.Fail(outcome);
        }

        chain.Options.Metrics.RewrittenObjects.Add(replaced.Length);
        return ErrorCode.None;
    }

    private async Task<(ErrorCode Error, ChainEntry Entry)> WriteAsync(LogObject part, StoredObject stored, byte level)
    {
        var (outcome, entry) = await parts.WriteAsync(part, stored, level);
        if (entry is not { } written)
        {
            return (chain.Fail(outcome), default);
        }

        _written.Add(written);
        return (ErrorCode.None, written);
    }

    private async Task<ErrorCode> ErrorOfAsync(FetchStatus status, ChainEntry entry)
    {
        // A newer leader may have replaced the object.
        var hasMovedOn = chain.IsClosed || status == FetchStatus.Unreachable
            ? null
            : await chain.HeadRefresh.HasMovedOnAsync((chain.State, chain.State.View));
        if (chain.IsClosed || hasMovedOn != false)
        {
            return chain.IsClosed ? chain.ClosedError : ErrorCode.KafkaStorageError;
        }

        chain.State.MarkDamaged(entry.Key);
        return ErrorCode.CorruptMessage;
    }
}
