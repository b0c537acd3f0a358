using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Partitions;

/// <summary>
/// What one partition does from time to time though no client has called it: deletes what its topic no longer keeps, compacts its log, and reports
/// the state of the log.
/// </summary>
/// <param name="key">The partition.</param>
/// <param name="log">The log, which is open.</param>
/// <param name="machine">The partition's machine, which has settings.</param>
/// <param name="producers">What is remembered of idempotent producers.</param>
/// <param name="trims">Applies retention.</param>
/// <param name="compaction">Compacts.</param>
/// <param name="reports">Gets the last report of a partition that closes; null if partitions are not reported.</param>
/// <param name="closed">The error with which the partition was closed, if it was.</param>
/// <param name="metrics">Counts the bytes of open logs.</param>
/// <param name="logger">Logs what fails.</param>
internal sealed partial class PartitionUpkeep(
    PartitionKey key, PartitionLog log, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionProducers producers, PartitionTrims trims,
    PartitionCompaction compaction, PartitionReports? reports, Func<ErrorCode> closed, PartitionMetrics metrics, ILogger logger)
{
    private long _measuredBytes;
    private Offset _endAtLastCheck = Offset.None;
    private volatile PartitionReport? _lastReport;

    /// <summary>The last report that the topic has confirmed; null if there is none. From any thread.</summary>
    public PartitionReport? LastReport
    {
        get => _lastReport;
        set => _lastReport = value;
    }

    /// <summary>Takes over what earlier activations have reported: of this silo also what the topic does not know yet.</summary>
    /// <param name="told">What the topic knows; null if nothing.</param>
    public void Resume(CompactionReport? told)
    {
        compaction.Resume(told);
        compaction.Resume(reports?.Find(key)?.Compaction);
    }

    /// <summary>
    /// Deletes what the topic's retention no longer keeps, has the log merged down to few objects if nothing was appended since the last call, and
    /// measures the log.
    /// </summary>
    /// <param name="isOpen">Whether the report says that the partition is open, so that the topic leaves it to its silo.</param>
    public async Task<RetainResult> RetainAsync(bool isOpen)
    {
        if (closed() is not ErrorCode.None and var before)
        {
            return new RetainResult(before, null);
        }

        producers.Expire();
        var version = machine.TopicVersion;
        var error = await trims.RetainAsync();
        if (error != ErrorCode.None)
        {
            if (closed() == ErrorCode.None)
            {
                CouldNotRetain(key, error);
            }

            return new RetainResult(error, null);
        }

        if (_endAtLastCheck == log.DurableEndOffset)
        {
            // What fails is tried again by the next call; the log has closed itself if it was worse than that.
            await log.MergeAsync();
        }

        _endAtLastCheck = log.DurableEndOffset;
        (error, var size) = await log.MeasureAsync();
        (error, var compacted) = error == ErrorCode.None ? await compaction.MeasureAsync(findsOldest: true) : (error, null);
        error = closed() != ErrorCode.None ? closed() : error;
        if (error != ErrorCode.None)
        {
            return new RetainResult(error, null);
        }

        metrics.Measured(size.Bytes - _measuredBytes);
        _measuredBytes = size.Bytes;
        return new RetainResult(ErrorCode.None, Report(size, compacted, version, isOpen));
    }

    /// <summary>Compacts the log once if that is due.</summary>
    public async Task CompactAsync()
    {
        var error = closed() == ErrorCode.None ? await compaction.CompactAsync() : ErrorCode.None;
        if (error == ErrorCode.CorruptMessage)
        {
            CompactionStopped(key);
        }
        else if (error != ErrorCode.None && closed() == ErrorCode.None)
        {
            CouldNotCompact(key, error);
        }
    }

    /// <summary>Forgets the log in the metrics.</summary>
    /// <param name="reportsLog">Whether to report the state of the log, which was open. Does not wait for storage: a log of which the index was never
    /// read is found by its topic, which opens the partition when its last report is too old.</param>
    public void Close(bool reportsLog)
    {
        if (reportsLog && reports is not null && ReportAtEnd() is { } report)
        {
            reports.Closed(key, _lastReport, report);
        }

        metrics.Measured(-_measuredBytes);
        _measuredBytes = 0;
    }

    /// <summary>Reports the log as that of a closed partition; null if that takes a read.</summary>
    public PartitionReport? ReportAtEnd() =>
        log.MeasureAsync() is { IsCompletedSuccessfully: true, Result: (ErrorCode.None, var size) }
        && compaction.MeasureAsync(findsOldest: false) is { IsCompletedSuccessfully: true, Result: (ErrorCode.None, var compacted) }
            ? Report(size, compacted, version: 0, isOpen: false)
            : null;

    private PartitionReport Report(LogSize size, CompactionReport? compacted, long version, bool isOpen) => new(
        key.Partition, log.LogStartOffset, log.DurableEndOffset, size.Bytes, size.OldestBytes, size.Oldest, version, isOpen, Timestamp.None, compacted);

    [LoggerMessage(5, LogLevel.Warning,
        "What the retention of partition {Partition} no longer keeps could not be deleted: {Error}. The next check tries again.")]
    private partial void CouldNotRetain(PartitionKey partition, ErrorCode error);

    [LoggerMessage(6, LogLevel.Warning, "Partition {Partition} could not be compacted: {Error}. The next check tries again.")]
    private partial void CouldNotCompact(PartitionKey partition, ErrorCode error);

    [LoggerMessage(7, LogLevel.Error,
        "Partition {Partition} is not compacted any more, because damage was found in it. Nothing of it was removed; the node's store check tells more.")]
    private partial void CompactionStopped(PartitionKey partition);
}
