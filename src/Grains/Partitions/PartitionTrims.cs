using Loire.Coordination.Partitions;
using Loire.Log.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>Deletes the oldest records of one partition: those that its topic no longer keeps, and those that a client wants deleted.</summary>
/// <param name="log">The log, which is open.</param>
/// <param name="machine">The partition's machine, which has settings.</param>
/// <param name="producers">Keeps what the deleted records say of idempotent producers.</param>
/// <param name="seeNewest">Ensures that the log knows what other owners have done.</param>
/// <param name="lead">Takes the lead, which moving the start of the log requires.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Counts deleted records.</param>
internal sealed class PartitionTrims(
    PartitionLog log, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionProducers producers, Func<ValueTask<ErrorCode>> seeNewest, Func<ValueTask<ErrorCode>> lead,
    TimeProvider time, PartitionMetrics metrics)
{
    private readonly SemaphoreSlim _turns = new(1, 1);

    /// <summary>Moves the start of the log to an offset up to the high watermark.</summary>
    public async Task<ErrorCode> DeleteBeforeAsync(Offset to)
    {
        // One at a time: what two of them delete together is counted once.
        await _turns.WaitAsync();
        try
        {
            var error = await lead();
            error = error == ErrorCode.None ? await producers.KeepAsync(to) : error;
            var (before, size) = (machine.Positions.Start, (await log.MeasureAsync()).Size);
            error = error == ErrorCode.None ? await log.TrimAsync(to) : error;
            machine.MoveStart(log.LogStartOffset);
            if (machine.Positions.Start is var after && after > before)
            {
                metrics.Deleted(after - before, Math.Max(0, size.Bytes - (await log.MeasureAsync()).Size.Bytes));
            }

            return error;
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Deletes what the topic's settings no longer keep.</summary>
    public async Task<ErrorCode> RetainAsync()
    {
        var (error, start) = await FindStartAsync();
        if (start is not null && !log.IsLeader)
        {
            // The owner that leads may have deleted these records already; taking the lead would only interrupt its appends.
            error = await seeNewest();
            (error, start) = error == ErrorCode.None ? await FindStartAsync() : (error, null);
        }

        return start is { } to ? await DeleteBeforeAsync(to) : error;
    }

    private async ValueTask<(ErrorCode Error, Offset? Start)> FindStartAsync()
    {
        var settings = machine.Settings!.Value;
        var limits = RetentionLimits.Of(settings);
        if (!limits.Any)
        {
            return (ErrorCode.None, null);
        }

        var (error, bytes) = limits.MaxBytes is null ? (ErrorCode.None, 0L) : await log.SizeAsync();
        var walk = new RetentionWalk(limits, Timestamp.From(time.GetUtcNow()), bytes);
        error = error == ErrorCode.None ? await log.WalkAsync(Visit) : error;

        // Newer settings may keep what these do not: the next check goes by them.
        return error == ErrorCode.None && machine.TopicVersion == settings.Version && walk.Start is { } end && end > machine.Positions.Start
            ? (error, Offset.Min(end, machine.Positions.HighWatermark))
            : (error, null);

        LogWalkStep Visit(LogPart part) => walk.Visit(part.End, part.MaxTimestamp, part.Bytes, part.IsDivisible) switch
        {
            RetentionVerdict.Next => LogWalkStep.Next,
            RetentionVerdict.Divide => LogWalkStep.Into,
            _ => LogWalkStep.Stop,
        };
    }
}
