using System.Buffers.Binary;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// The stored table of a log's keys: reads its pages, and writes the next one beside it, a few pages with each head, until one last head puts it in the
/// place of the one before. What ends the writing leaves the complete table as it was, and what was written of the next one is deleted when another is
/// begun. A page is an object whose body begins with its number and that of all pages:
/// <code>
///    0  i32  page
///    4  i32  pages
///    8       what the owner understands
/// </code>
/// </summary>
internal sealed class KeyTables(Chain chain, PartWriter parts, ObjectLoader loader, LogName name)
{
    // What the reads of a page may take before its size is known.
    private const int ExpectedPageBytes = 256 * 1024;
    private const int MaxRange = 256;
    private const int PrefixBytes = 8;

    /// <summary>The table that is complete; null if there is none.</summary>
    public static StoredKeyTable? Complete(Head head) => head.Keys is [{ IsComplete: true } complete, ..] ? complete : null;

    /// <summary>Reads a page.</summary>
    /// <param name="table">The table, which was complete a while ago.</param>
    /// <param name="page">The number of the page.</param>
    /// <param name="caches">Whether to cache it.</param>
    /// <returns>The page; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now, <see cref="ErrorCode.CorruptMessage"/> if the page is
    /// damaged; <see cref="ErrorCode.OffsetNotAvailable"/> if the table has been replaced.</returns>
    public async ValueTask<(ErrorCode Error, ReadOnlyMemory<byte> Bytes)> ReadAsync(KeyTable table, int page, bool caches)
    {
        if (Complete(chain.State.Head) is not { } stored || stored.Table != table)
        {
            return (ErrorCode.OffsetNotAvailable, default);
        }

        var loaded = await loader.LoadAsync(
            stored.KeyOf(page), ExpectedPageBytes, found => found.Header.Kind == ObjectKind.Keys && found.Header.End == table.End && IsPage(found, table, page), caches);
        if (loaded.Status == FetchStatus.Absent && !chain.IsClosed)
        {
            // Another owner may have replaced the table.
            var error = await chain.HeadRefresh.EnsureNewestAsync(TimeSpan.Zero);
            if (error != ErrorCode.None)
            {
                return (error, default);
            }
        }

        return chain.IsClosed ? (chain.ClosedError, default)
            : loaded.Object is { } read ? (ErrorCode.None, read.Whole(PrefixBytes, read.Header.BodyBytes))
            : loaded.Status == FetchStatus.Unreachable ? (ErrorCode.KafkaStorageError, default)
            : Complete(chain.State.Head)?.Table != table ? (ErrorCode.OffsetNotAvailable, default)
            : (ErrorCode.CorruptMessage, default);
    }

    /// <summary>Writes the next pages of a table, while no other step runs. The first ones begin another table, the last ones complete it.</summary>
    /// <param name="table">The table.</param>
    /// <param name="from">The number of the first page.</param>
    /// <param name="pages">The pages.</param>
    /// <param name="mark">The mark that is stored with the last one.</param>
    public async Task<ErrorCode> WriteAsync(KeyTable table, int from, IReadOnlyList<ReadOnlyMemory<byte>> pages, CompactionMark mark)
    {
        var (complete, begun) = (Complete(chain.State.Head), chain.State.Head.Keys.FirstOrDefault(stored => !stored.IsComplete));
        var continues = from > 0 && begun is { } started && started.Table with { Keys = table.Keys } == table && started.WrittenPages == from;
        Invariant.Check(from == 0 || continues, "pages are written in order");
        Invariant.Check(pages.Count > 0 && pages.Count <= table.Pages - from, "a step writes pages of its table");
        var (written, run) = (new List<ChainEntry>(), new PartRun(chain.State.Head.Revision, 0, pages.Count));
        for (var i = 0; i < pages.Count; i++)
        {
            var prefix = new byte[PrefixBytes];
            BinaryPrimitives.WriteInt32LittleEndian(prefix, from + i);
            BinaryPrimitives.WriteInt32LittleEndian(prefix.AsSpan(4), table.Pages);
            var part = PartLayout.Keys([prefix, pages[i]], table.End, chain.Epoch, chain.Writer, name.Tag, out var stored);
            var (outcome, entry) = await parts.WriteAsync(part, stored, ChainEntry.FullLevel);
            if (entry is not { } done)
            {
                parts.Abandon(written);
                return chain.Fail(outcome);
            }

            run = i == 0 ? run with { First = done.Key.Index } : run;
            written.Add(done);
        }

        var now = new StoredKeyTable(table, [.. continues ? begun!.Runs : [], run]);
        StoredKeyTable?[] gone = [now.IsComplete ? complete : null, continues ? null : begun];
        var result = await parts.WriteHeadAsync(
            head => now.IsComplete ? (head with { Keys = [now] }).With(mark) : head with { Keys = complete is null ? [now] : [complete, now] },
            [.. gone.SelectMany(Garbage)],
            0);
        if (result == WriteOutcome.Done)
        {
            return ErrorCode.None;
        }

        parts.Abandon(written);
        return chain.Fail(result);
    }

    private static bool IsPage(LogObject found, KeyTable table, int page)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        return found.TryCopy(0, prefix)
            && BinaryPrimitives.ReadInt32LittleEndian(prefix) == page
            && BinaryPrimitives.ReadInt32LittleEndian(prefix[4..]) == table.Pages;
    }

    private static IEnumerable<PendingGarbage> Garbage(StoredKeyTable? table)
    {
        foreach (var run in table?.Runs ?? [])
        {
            for (var from = 0; from < run.Count; from += MaxRange)
            {
                yield return new PendingGarbage(new GarbageItem(run.KeyOf(from), Math.Min(MaxRange, run.Count - from), null), null);
            }
        }
    }
}
