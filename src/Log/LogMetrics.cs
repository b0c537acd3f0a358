using System.Diagnostics.Metrics;

namespace Loire.Log;

/// <summary>What logs count. The name of the meter is public so that a host can export it.</summary>
public static class LogMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Log";

    private static readonly Meter Meter = new(MeterName);

    internal static readonly Counter<long> ChunksWritten = Meter.CreateCounter<long>(
        "loire.log.chunks_written", "{chunk}", "Chunks made durable, fences included.");

    internal static readonly Counter<long> BytesWritten = Meter.CreateCounter<long>(
        "loire.log.bytes_written", "By", "Bytes of chunks made durable.");

    internal static readonly Histogram<double> CommitDuration = Meter.CreateHistogram<double>(
        "loire.log.commit_duration", "s", "From the first append of a chunk until the chunk is durable.");

    internal static readonly Counter<long> Seals = Meter.CreateCounter<long>(
        "loire.log.seals", "{seal}", "Times that chunks or segments were merged or listed, each with one write of a head.");

    internal static readonly Counter<long> ObjectsDeleted = Meter.CreateCounter<long>(
        "loire.log.objects_deleted", "{object}", "Objects deleted because nothing refers to them any more.");

    internal static readonly Counter<long> CacheHits = Meter.CreateCounter<long>(
        "loire.log.cache_hits", "{read}", "Objects served from memory.");

    internal static readonly Counter<long> CacheMisses = Meter.CreateCounter<long>(
        "loire.log.cache_misses", "{read}", "Objects read from storage because they were not in memory.");

    internal static readonly Counter<long> CorruptObjects = Meter.CreateCounter<long>(
        "loire.log.corrupt_objects", "{object}", "Reads that found an object damaged or missing; any is a reason to look.");

    internal static readonly Counter<long> UnknownOutcomes = Meter.CreateCounter<long>(
        "loire.log.unknown_outcomes", "{write}", "Writes that storage neither confirmed nor refused and that had to be followed up.");

    internal static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "loire.log.refusals", "{chunk}", "Chunks that storage refused for want of room.");

    internal static readonly Counter<long> Closures = Meter.CreateCounter<long>(
        "loire.log.closures", "{log}", "Logs that closed by themselves: superseded, broken, or in doubt.");
}
