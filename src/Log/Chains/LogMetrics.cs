using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Loire.Log.Chains;

/// <summary>
/// The instruments of the logs of one silo, in the meter <see cref="MeterName"/>. Counted once for each chunk or
/// object, never for each record.
/// </summary>
public sealed class LogMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Log";

    private readonly UpDownCounter<long> _refusedDeletions;
    private readonly Counter<long> _rebuiltJournals;
    private readonly ConcurrentDictionary<string, bool> _rebuilt = new(StringComparer.Ordinal);
    private int _logsWithRefusedDeletions;

    /// <summary>Creates the instruments of one silo.</summary>
    public LogMetrics(IMeterFactory meters)
        : this(meters.Create(MeterName))
    {
    }

    private LogMetrics(Meter meter)
    {
        Chunks = meter.CreateCounter<long>("loire.log.chunks", "{chunk}", "Chunks made durable, fences included.");
        Written = meter.CreateCounter<long>("loire.log.written", "By", "Bytes of chunks made durable.");
        CommitDuration = meter.CreateHistogram(
            "loire.log.commit.duration", "s", "Time from the first append of a chunk until the chunk is durable.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries =
                    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
            });
        Seals = meter.CreateCounter<long>(
            "loire.log.seals", "{seal}", "Merges or listings of chunks and segments, each with one write of a head.");
        RewrittenObjects = meter.CreateCounter<long>("loire.log.objects.rewritten", "{object}", "Objects that compaction has replaced.");
        DeletedObjects = meter.CreateCounter<long>(
            "loire.log.objects.deleted", "{object}", "Objects deleted because nothing refers to them any more.");
        CorruptObjects = meter.CreateCounter<long>(
            "loire.log.objects.corrupt", "{object}", "Reads of an object that is damaged or missing.");
        CacheHits = meter.CreateCounter<long>("loire.log.cache.hits", "{read}", "Objects served from memory.");
        CacheMisses = meter.CreateCounter<long>(
            "loire.log.cache.misses", "{read}", "Objects read from storage because they were not in memory.");
        UnknownOutcomes = meter.CreateCounter<long>(
            "loire.log.writes.unknown", "{write}", "Writes that storage neither confirmed nor refused, and that were read back.");
        RefusedChunks = meter.CreateCounter<long>("loire.log.chunks.refused", "{chunk}", "Chunks that storage refused, as for lack of space.");
        _refusedDeletions = meter.CreateUpDownCounter<long>(
            "loire.log.deletions.refused", "{log}", "Logs whose unused objects storage refuses to delete; they wait in the head.");
        _rebuiltJournals = meter.CreateCounter<long>(
            "loire.log.journals.rebuilt", "{journal}", "Journals of catalogs that were damaged or lost, and rebuilt from the store's other objects.");
        Closures = meter.CreateCounter<long>(
            "loire.log.closures", "{log}", "Logs that closed themselves: superseded, broken storage, or an unknown outcome.");
    }

    /// <summary>Logs whose unused objects storage has refused to delete, more than once: storage fills up with them.</summary>
    public int LogsWithRefusedDeletions => Volatile.Read(ref _logsWithRefusedDeletions);

    /// <summary>The names of the journals that were rebuilt because they were damaged or lost, in no order.</summary>
    public IReadOnlyCollection<string> RebuiltJournals => [.. _rebuilt.Keys];

    /// <summary>Instruments for logs outside a silo, as in tests.</summary>
    internal static LogMetrics Hostless { get; } = new(new Meter(MeterName));

    internal Counter<long> Chunks { get; }

    internal Counter<long> Written { get; }

    internal Histogram<double> CommitDuration { get; }

    internal Counter<long> Seals { get; }

    internal Counter<long> RewrittenObjects { get; }

    internal Counter<long> DeletedObjects { get; }

    internal Counter<long> CorruptObjects { get; }

    internal Counter<long> CacheHits { get; }

    internal Counter<long> CacheMisses { get; }

    internal Counter<long> UnknownOutcomes { get; }

    internal Counter<long> RefusedChunks { get; }

    internal Counter<long> Closures { get; }

    /// <summary>Counts a journal that was rebuilt because it was damaged or lost.</summary>
    public void CountRebuilt(string journal)
    {
        _rebuilt.TryAdd(journal, true);
        _rebuiltJournals.Add(1);
    }

    /// <summary>Counts a log in or out whose deletions storage refuses.</summary>
    internal void CountRefusedDeletions(int change)
    {
        Interlocked.Add(ref _logsWithRefusedDeletions, change);
        _refusedDeletions.Add(change);
    }
}
