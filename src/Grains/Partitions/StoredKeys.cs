using Loire.Coordination.Compaction;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>
/// The table of the last record of each key that compaction keeps with a log, as far as the log has been compacted. Damage in it costs no record: it is
/// then ignored, and the next pass of compaction reads the whole log to build a new one.
/// </summary>
/// <param name="log">The log, which is open.</param>
/// <param name="options">The budget of the silo, where pages are merged, and whether tables may be written.</param>
internal sealed class StoredKeys(PartitionLog log, PartitionDriverOptions options)
{
    // Trims and merges wait for a step.
    private const int StepBytes = 4 * 1024 * 1024;

    private LogTable? _damaged;

    /// <summary>The table; null if there is none that can be used.</summary>
    public LogTable? Table => log.Table(TableKind.Keys) is { } table && table != _damaged ? table : null;

    /// <summary>Finds the last record of a key in the table.</summary>
    /// <returns>The offset, none if the table does not have the key; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now;
    /// <see cref="ErrorCode.OffsetNotAvailable"/> if <see cref="Table"/> is not this one any more; or the error of a closed log.</returns>
    public async ValueTask<(ErrorCode Error, Offset Last)> FindAsync(LogTable table, UInt128 hash)
    {
        var (error, page) = await ReadAsync(table, KeyPage.PageOf(hash, table.Pages), caches: true);
        return error != ErrorCode.None ? (error, Offset.None) : (error, KeyPage.TryFind(page.Span, hash, out var last) ? last : Offset.None);
    }

    /// <summary>Whether tables may be written: not while a broker of a version may lead the partition that would lose sight of them.</summary>
    public ValueTask<bool> MayWriteAsync() => options.StoresTables?.Invoke() ?? new(true);

    /// <summary>Writes the next table, and with its last page the progress of compaction.</summary>
    /// <param name="scan">What a pass has learned: it begins where the table ended then, or earlier.</param>
    /// <param name="mark">The progress; the table ends where it says that the log is clean.</param>
    /// <param name="start">The start of the log.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="tombstoneTime"><c>delete.retention.ms</c>.</param>
    /// <returns>The errors of <see cref="PartitionLog.WriteTableAsync"/>; <see cref="ErrorCode.OffsetNotAvailable"/> if the present table is damaged.</returns>
    public async Task<ErrorCode> WriteAsync(KeyScan scan, CompactionMark mark, Offset start, Timestamp now, TimeSpan tombstoneTime)
    {
        var before = Table;
        if (scan.From > Offset.Max(before?.End ?? Offset.Zero, start))
        {
            // A lookup has found damage in the table meanwhile.
            return ErrorCode.OffsetNotAvailable;
        }

        var keys = (before?.Entries ?? 0) + scan.Latest.Count;
        var next = new LogTable(TableKind.Keys, mark.CleanTo, keys, KeyPage.PagesFor(keys, options.Compaction.KeysPerPage));
        using var merge = new KeyMerge(scan.Latest, next.Pages, start, now, tombstoneTime);
        var (pages, bytes, written) = (new List<ReadOnlyMemory<byte>>(), 0, 0);
        for (var page = 0; page <= (before?.Pages ?? 0); page++)
        {
            ReadOnlyMemory<byte>? source = null;
            if (before is { } table && page < table.Pages)
            {
                var (error, read) = await ReadAsync(table, page, caches: false);
                if (error != ErrorCode.None)
                {
                    return error;
                }

                source = read;
            }

            await options.Computations.RunAsync(() => Merge(merge, source));
            while (merge.TryTake(out var done))
            {
                pages.Add(done);
                bytes += done.Length;
                var isLast = written + pages.Count == next.Pages;
                if (!isLast && bytes < StepBytes)
                {
                    continue;
                }

                next = isLast ? next with { Entries = merge.Keys } : next;
                if (await log.WriteTableAsync(next, written, pages, mark) is not ErrorCode.None and var error)
                {
                    return error;
                }

                await options.Compaction.PaceAsync(bytes);
                (pages, bytes, written) = ([], 0, written + pages.Count);
            }
        }

        Invariant.Check(written == next.Pages, "every page of a table is written");
        return ErrorCode.None;
    }

    private static bool Merge(KeyMerge merge, ReadOnlyMemory<byte>? source)
    {
        if (source is { } page)
        {
            merge.Add(page.Span);
        }
        else
        {
            merge.End();
        }

        return true;
    }

    private async ValueTask<(ErrorCode Error, ReadOnlyMemory<byte> Page)> ReadAsync(LogTable table, int number, bool caches)
    {
        var (error, page) = await log.ReadTableAsync(table, number, caches);
        if (error == ErrorCode.CorruptMessage || (error == ErrorCode.None && !KeyPage.IsSound(page.Span)))
        {
            _damaged = table;
            return (ErrorCode.OffsetNotAvailable, default);
        }

        return (error, page);
    }
}
