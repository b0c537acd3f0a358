using System.Diagnostics.Metrics;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>The instruments of the partitions of one silo, in the meter <see cref="MeterName"/>.</summary>
public sealed class PartitionMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Grains";

    private readonly Counter<long> _appends;
    private readonly Counter<long> _appendedRecords;
    private readonly Counter<long> _appendedBytes;
    private readonly Counter<long> _repeated;
    private readonly Counter<long> _fetches;
    private readonly Counter<long> _fetchedBytes;
    private readonly UpDownCounter<long> _waitingFetches;
    private readonly UpDownCounter<long> _size;
    private readonly Counter<long> _deletedRecords;
    private readonly Counter<long> _deletedBytes;
    private readonly Counter<long> _compactedRecords;
    private readonly Counter<long> _compactionReads;
    private readonly Counter<long> _compactionWrites;
    private readonly UpDownCounter<long> _compactions;
    private readonly UpDownCounter<long> _damagedCompactions;
    private readonly Counter<long> _lookups;
    private readonly UpDownCounter<long> _keyIndex;
    private readonly Counter<long> _errors;

    /// <summary>Creates the instruments of one silo.</summary>
    public PartitionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _appends = meter.CreateCounter<long>("loire.partition.appends", "{append}", "Acknowledged appends.");
        _appendedRecords = meter.CreateCounter<long>(
            "loire.partition.append.records", "{record}", "Offsets taken by acknowledged appends.");
        _appendedBytes = meter.CreateCounter<long>("loire.partition.append.size", "By", "Bytes of batches in acknowledged appends.");
        _repeated = meter.CreateCounter<long>(
            "loire.partition.append.retries", "{batch}", "Batches of idempotent producers that were in the log already, and were not appended again.");
        _fetches = meter.CreateCounter<long>("loire.partition.fetches", "{fetch}", "Fetches that succeeded.");
        _fetchedBytes = meter.CreateCounter<long>("loire.partition.fetch.size", "By", "Bytes of batches returned to fetches.");
        _waitingFetches = meter.CreateUpDownCounter<long>(
            "loire.partition.fetches.waiting", "{fetch}", "Fetches that currently wait for data.");
        _size = meter.CreateUpDownCounter<long>(
            "loire.log.size", "By", "Bytes of the logs of open partitions in the store, without their index, as of the last check of retention.");
        _deletedRecords = meter.CreateCounter<long>(
            "loire.log.deleted.records", "{record}", "Offsets below which logs have come to start, by retention or on request.");
        _deletedBytes = meter.CreateCounter<long>(
            "loire.log.deleted.size", "By", "Bytes of the stored objects that these records have left without any that can be read.");
        _compactedRecords = meter.CreateCounter<long>(
            "loire.log.compaction.records", "{record}", "Records that compaction has removed.");
        _compactionReads = meter.CreateCounter<long>(
            "loire.log.compaction.read.size", "By", "Bytes of stored objects that compaction has looked through to rewrite them.");
        _compactionWrites = meter.CreateCounter<long>(
            "loire.log.compaction.write.size", "By", "Bytes of stored objects that compaction has written.");
        _compactions = meter.CreateUpDownCounter<long>("loire.log.compactions", "{partition}", "Partitions that are being compacted.");
        _damagedCompactions = meter.CreateUpDownCounter<long>(
            "loire.log.compactions.stopped", "{partition}", "Open partitions that are not compacted any more, because damage was found in them.");
        _lookups = meter.CreateCounter<long>("loire.partition.lookups", "{lookup}", "Questions for the last record of a key that were answered.");
        _keyIndex = meter.CreateUpDownCounter<long>(
            "loire.log.key_index.size", "By", "Memory in which partitions remember where the last record of each key lies.");
        _errors = meter.CreateCounter<long>(
            "loire.partition.errors", "{request}", "Requests that failed, by loire.operation and error.type.");
    }

    internal void Appended(long records, long bytes)
    {
        _appends.Add(1);
        _appendedRecords.Add(records);
        _appendedBytes.Add(bytes);
    }

    internal void Repeated(int batches) => _repeated.Add(batches);

    internal void Fetched(long bytes)
    {
        _fetches.Add(1);
        _fetchedBytes.Add(bytes);
    }

    internal void Deleted(long records, long bytes)
    {
        _deletedRecords.Add(records);
        _deletedBytes.Add(bytes);
    }

    internal void Measured(long change) => _size.Add(change);

    internal void Compacted(long records, long read, long written)
    {
        _compactedRecords.Add(records);
        _compactionReads.Add(read);
        _compactionWrites.Add(written);
    }

    internal void Compacting(int change) => _compactions.Add(change);

    internal void CompactionStopped(int change) => _damagedCompactions.Add(change);

    internal void LookedUp() => _lookups.Add(1);

    internal void KeyIndexChanged(long change) => _keyIndex.Add(change);

    internal void Waiting(int change) => _waitingFetches.Add(change);

    internal void Failed(string operation, ErrorCode error) =>
        _errors.Add(1, new("loire.operation", operation), new("error.type", ErrorCodes.Describe(error).Name));
}
