using System.Buffers.Binary;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// The tables that are stored beside a log: reads their pages, and writes the next table of a kind beside the present one, a few pages with each head,
/// until one last head puts it in the place of the one before. What ends the writing leaves the complete table as it was, and what was written of the
/// next one is deleted when another is begun. A page is an object whose body begins with its place:
/// <code>
///    0  u8   kind (TableKind)
///    1  u24  zero
///    4  i32  page
///    8  i32  pages
///   12       what the owner understands
/// </code>
/// </summary>
internal sealed class StoredTables(Chain chain, PartWriter parts, ObjectLoader loader, LogName name)
{
    // What the read of a page may take before its size is known.
    private const int ExpectedPageBytes = 256 * 1024;
    private const int MaxRange = 256;
    private const int PrefixBytes = 12;

    /// <summary>The complete table of a kind; null if there is none.</summary>
    public static StoredTable? Complete(Head head, TableKind kind) => Array.Find(head.Tables, stored => stored.Table.Kind == kind && stored.IsComplete);

    /// <summary>Reads a page.</summary>
    /// <param name="table">The table, which was complete a while ago.</param>
    /// <param name="page">The number of the page.</param>
    /// <param name="caches">Whether to cache it.</param>
    /// <returns>The page; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now, <see cref="ErrorCode.CorruptMessage"/> if the page is
    /// damaged; <see cref="ErrorCode.OffsetNotAvailable"/> if the table has been replaced.</returns>
    public async ValueTask<(ErrorCode Error, ReadOnlyMemory<byte> Bytes)> ReadAsync(LogTable table, int page, bool caches)
    {
        if (Complete(chain.State.Head, table.Kind) is not { } stored || stored.Table != table)
        {
            return (ErrorCode.OffsetNotAvailable, default);
        }

        var loaded = await loader.LoadAsync(stored.KeyOf(page), ExpectedPageBytes, found => IsPage(found, table, page), caches);
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
            : Complete(chain.State.Head, table.Kind)?.Table != table ? (ErrorCode.OffsetNotAvailable, default)
            : (ErrorCode.CorruptMessage, default);
    }

    /// <summary>Writes the next pages of a table, while no other step runs. The first ones begin another table, the last ones complete it.</summary>
    /// <param name="table">The table.</param>
    /// <param name="from">The number of the first page.</param>
    /// <param name="pages">The pages.</param>
    /// <param name="change">What changes in the head together with the last page.</param>
    public async Task<ErrorCode> WriteAsync(LogTable table, int from, IReadOnlyList<ReadOnlyMemory<byte>> pages, Func<Head, Head> change)
    {
        var complete = Complete(chain.State.Head, table.Kind);
        var begun = Array.Find(chain.State.Head.Tables, stored => stored.Table.Kind == table.Kind && !stored.IsComplete);
        var continues = from > 0 && begun is { } started && started.Table with { Entries = table.Entries } == table && started.WrittenPages == from;
        Invariant.Check(from == 0 || continues, "pages are written in order");
        Invariant.Check(pages.Count > 0 && pages.Count <= table.Pages - from, "a step writes pages of its table");
        var (written, run) = (new List<ChainEntry>(), new PartRun(chain.State.Head.Revision, 0, pages.Count));
        for (var i = 0; i < pages.Count; i++)
        {
            var part = PartLayout.Table([PrefixOf(table, from + i), pages[i]], table.End, chain.Epoch, chain.Writer, name.Tag, out var stored);
            var (outcome, entry) = await parts.WriteAsync(part, stored, ChainEntry.FullLevel);
            if (entry is not { } done)
            {
                parts.Abandon(written);
                return chain.Fail(outcome);
            }

            run = i == 0 ? run with { First = done.Key.Index } : run;
            written.Add(done);
        }

        var now = new StoredTable(table, [.. continues ? begun!.Runs : [], run]);
        StoredTable?[] gone = [now.IsComplete ? complete : null, continues ? null : begun];
        var result = await parts.WriteHeadAsync(
            head =>
            {
                var others = head.Tables.Where(stored => stored != begun && !(now.IsComplete && stored == complete));
                var next = head with { Tables = [.. others, now] };
                return now.IsComplete ? change(next) : next;
            },
            [.. gone.SelectMany(Garbage)],
            0);
        if (result == WriteOutcome.Done)
        {
            return ErrorCode.None;
        }

        parts.Abandon(written);
        return chain.Fail(result);
    }

    private static byte[] PrefixOf(LogTable table, int page)
    {
        var prefix = new byte[PrefixBytes];
        prefix[0] = (byte)table.Kind;
        BinaryPrimitives.WriteInt32LittleEndian(prefix.AsSpan(4), page);
        BinaryPrimitives.WriteInt32LittleEndian(prefix.AsSpan(8), table.Pages);
        return prefix;
    }

    private static bool IsPage(LogObject found, LogTable table, int page)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        return found.Header.Kind == ObjectKind.Table && found.Header.End == table.End
            && found.TryCopy(0, prefix) && prefix.SequenceEqual(PrefixOf(table, page));
    }

    private static IEnumerable<PendingGarbage> Garbage(StoredTable? table)
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
