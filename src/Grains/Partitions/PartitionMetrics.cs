using System.Diagnostics.Metrics;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>What the partitions of a silo have done, as instruments of the meter <see cref="MeterName"/>.</summary>
public sealed class PartitionMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Grains";

    private readonly Counter<long> _appends;
    private readonly Counter<long> _appendedRecords;
    private readonly Counter<long> _appendedBytes;
    private readonly Counter<long> _fetches;
    private readonly Counter<long> _fetchedBytes;
    private readonly UpDownCounter<long> _waitingFetches;
    private readonly Counter<long> _errors;

    /// <summary>Instruments of one silo.</summary>
    public PartitionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _appends = meter.CreateCounter<long>("loire.partition.appends", "{append}", "Appends that were acknowledged.");
        _appendedRecords = meter.CreateCounter<long>(
            "loire.partition.appended_records", "{record}", "Offsets that acknowledged appends took.");
        _appendedBytes = meter.CreateCounter<long>("loire.partition.appended_bytes", "By", "Bytes of batches in acknowledged appends.");
        _fetches = meter.CreateCounter<long>("loire.partition.fetches", "{fetch}", "Fetches that were answered without an error.");
        _fetchedBytes = meter.CreateCounter<long>("loire.partition.fetched_bytes", "By", "Bytes of batches in answers to fetches.");
        _waitingFetches = meter.CreateUpDownCounter<long>("loire.partition.waiting_fetches", "{fetch}", "Fetches that wait for data now.");
        _errors = meter.CreateCounter<long>(
            "loire.partition.errors", "{request}", "Requests that were answered with an error, by operation and error code.");
    }

    internal void Appended(long records, long bytes)
    {
        _appends.Add(1);
        _appendedRecords.Add(records);
        _appendedBytes.Add(bytes);
    }

    internal void Fetched(long bytes)
    {
        _fetches.Add(1);
        _fetchedBytes.Add(bytes);
    }

    internal void Waiting(int change) => _waitingFetches.Add(change);

    internal void Failed(string operation, ErrorCode error) =>
        _errors.Add(1, new("operation", operation), new("code", ErrorCodes.Describe(error).Name));
}
