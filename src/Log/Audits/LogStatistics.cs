using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Audits;

/// <summary>Measures the logs of a store that no node uses.</summary>
public static class LogStatistics
{
    /// <summary>Reads the listing, and of each log its head, its index pages and the chunks that these do not list; no other records.</summary>
    /// <param name="listing">Lists the objects.</param>
    /// <param name="storage">Reads them; the storage of the same store.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <param name="cancellation">Ends the measurement.</param>
    /// <returns>The logs, ordered by name. Objects that belong to no log are left out; <see cref="LogAudit"/> finds them.</returns>
    public static async Task<IReadOnlyList<LogFigures>> ReadAsync(
        IObjectListing listing, IGrainStorage storage, TimeProvider time, CancellationToken cancellation = default)
    {
        var figures = new List<LogFigures>();
        foreach (var log in (await ListedLogs.ReadAsync(listing, static _ => true, cancellation)).Where(log => log.HasHead))
        {
            figures.Add(await MeasureAsync(log, storage, time, cancellation));
        }

        return [.. figures.OrderBy(log => log.Log, StringComparer.Ordinal)];
    }

    private static async Task<LogFigures> MeasureAsync(ListedLog log, IGrainStorage storage, TimeProvider time, CancellationToken cancellation)
    {
        var (options, cache) = (new ChainOptions(), new ObjectCache(0));
        var store = new ChainObjects(new StorageCalls(storage, log.Name, Guid.Empty, options, time), log.Name);
        var (error, state) = await new ChainRecovery(store, cache, options, time).ReadAsync(cancellation);
        List<ChainEntry> found = [];
        if (state is not null)
        {
            found.AddRange(state.Tail);
            error = await new EntryWalk(new ObjectLoader(store, cache, options, time)).CollectAsync(state.Head.Entries, found)
                ? error : ErrorCode.KafkaStorageError;
        }

        var head = state?.Head ?? Head.None;
        var parts = found.Where(entry => entry.Kind != ObjectKind.Page).OrderBy(entry => entry.Base).ToList();
        var dated = parts.Where(part => part.End > head.Start && part.MaxTimestamp.Milliseconds is >= 0 and < long.MaxValue).ToList();
        return new LogFigures(
            LogName.Unescape(log.Name.Text), error, log.Objects.Count + 1, Count(ObjectKind.Chunk), Count(ObjectKind.Segment), Count(ObjectKind.Page),
            Count(ObjectKind.Snapshot), log.Objects.Count(one => one.Incarnation == head.Incarnation && head.Garbage.Any(item => item.Covers(one.Key))),
            parts.Sum(part => (long)part.Bytes), found.Sum(entry => (long)entry.Bytes) - parts.Sum(part => (long)part.Bytes), head.Start,
            state?.Durable ?? head.Start, dated.Count == 0 ? Timestamp.None : dated[0].MaxTimestamp,
            dated.Count == 0 ? Timestamp.None : dated.Max(part => part.MaxTimestamp));

        int Count(ObjectKind kind) => found.Count(entry => entry.Kind == kind);
    }
}
