using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>Searches one partition by the timestamps of its records.</summary>
/// <param name="log">The log, which is open.</param>
/// <param name="newest">Ensures that the end of the log is known, as it is at the time of the call.</param>
internal sealed class PartitionSearches(PartitionLog log, Func<ValueTask<ErrorCode>> newest)
{
    private const int ScanBytes = 1024 * 1024;

    /// <summary>Finds the first batch with a record at or after a timestamp; see <see cref="PartitionLog.FindBatchAsync"/>.</summary>
    public async ValueTask<LogRead> FindAsync(Timestamp timestamp)
    {
        var found = await log.FindBatchAsync(timestamp, CancellationToken.None);
        var mayBeNewer = found.Pieces.Length == 0 || (log.LogStartOffset > Offset.Zero && found.NextOffset == log.DurableEndOffset);
        if (found.Error != ErrorCode.None || !mayBeNewer)
        {
            return found;
        }

        var error = await newest();
        return error == ErrorCode.None
            ? await log.FindBatchAsync(timestamp, CancellationToken.None)
            : new LogRead(error, [], found.NextOffset, 0);
    }

    /// <summary>Finds the first batch with the greatest timestamp; no pieces if the log has no records.</summary>
    public async ValueTask<LogRead> FindNewestAsync()
    {
        var error = await newest();
        var (start, oldest, greatest) = (log.LogStartOffset, default(LogPart?), Timestamp.None);
        if (error == ErrorCode.None)
        {
            error = await log.WalkAsync(part =>
            {
                if (part.End > start && oldest is null)
                {
                    if (part.IsDivisible)
                    {
                        return LogWalkStep.Into;
                    }

                    oldest = part;
                }
                else if (part.End > start)
                {
                    greatest = Known(part.MaxTimestamp, greatest);
                }

                return LogWalkStep.Next;
            });
        }

        if (error != ErrorCode.None || oldest is not { } first)
        {
            return new LogRead(error, [], log.DurableEndOffset, 0);
        }

        // The records that the oldest part is known by may lie before the start.
        if (Known(first.MaxTimestamp, greatest) > greatest)
        {
            (error, var scanned) = await ScanAsync(start, first.End);
            if (error != ErrorCode.None)
            {
                return new LogRead(error, [], start, 0);
            }

            greatest = scanned > greatest ? scanned : greatest;
        }

        return greatest == Timestamp.None
            ? new LogRead(ErrorCode.None, [], log.DurableEndOffset, 0)
            : await log.FindBatchAsync(greatest, CancellationToken.None);
    }

    private static Timestamp Known(Timestamp timestamp, Timestamp greatest) =>
        timestamp > greatest && timestamp.Milliseconds < long.MaxValue ? timestamp : greatest;

    private async ValueTask<(ErrorCode Error, Timestamp Greatest)> ScanAsync(Offset from, Offset end)
    {
        var greatest = Timestamp.None;
        while (from < end)
        {
            var read = await log.ReadAsync(from, ScanBytes, CancellationToken.None);
            if (read.Error != ErrorCode.None || read.Pieces.Length == 0)
            {
                return (read.Error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : read.Error, greatest);
            }

            BatchPieces.Where(read.Pieces, header =>
            {
                greatest = header.BaseOffset < end ? Known(header.MaxTimestamp, greatest) : greatest;
                return true;
            });
            from = read.NextOffset;
        }

        return (ErrorCode.None, greatest);
    }
}
