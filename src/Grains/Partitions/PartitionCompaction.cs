using System.Buffers;
using Loire.Coordination.Compaction;
using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// Compacts one partition: learns the last offset of each key in the part that has not been compacted, as far as the map of the silo reaches, and then
/// rewrites the log up to there, a few objects at a time. An interrupted pass is resumed at the same place, also by another owner. Records
/// are decoded outside the partition's turns. A damaged batch or object ends compaction for this partition, and nothing is removed. One more pass over
/// what has been compacted removes tombstones that have had their time, if no other pass does so before.
/// </summary>
/// <param name="log">The log, which is open.</param>
/// <param name="keys">The stored table of the log's keys, which each pass brings up to date.</param>
/// <param name="producers">Keeps what the compacted records say of idempotent producers.</param>
/// <param name="machine">The partition's machine, which has settings.</param>
/// <param name="seeNewest">Ensures that the log knows what other owners have done.</param>
/// <param name="lead">Takes the lead, which rewriting requires.</param>
/// <param name="options">The budget of the silo, and where records are decoded.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Counts what is done.</param>
internal sealed class PartitionCompaction(
    PartitionLog log, StoredKeys keys, PartitionProducers producers, PartitionMachine<AppendReply, WaitingFetch> machine, Func<ValueTask<ErrorCode>> seeNewest, Func<ValueTask<ErrorCode>> lead,
    PartitionDriverOptions options, TimeProvider time, PartitionMetrics metrics)
{
    private const int ReadBytes = 1024 * 1024;

    private (Offset At, Timestamp Time) _oldest = (Offset.None, Timestamp.None);
    private (Offset CleanTo, Timestamp At) _tombstones = (Offset.None, Timestamp.None);
    private (long Version, Offset CleanTo, Offset End, Timestamp At) _idle;
    private bool _isDamaged;
    private bool _isClosed;
    private volatile bool _hasProgressed;

    private Timestamp Now => Timestamp.From(time.GetUtcNow());

    /// <summary>Whether something was done since the last time this was asked. From any thread.</summary>
    public bool TakeProgress()
    {
        var has = _hasProgressed;
        _hasProgressed = false;
        return has;
    }

    /// <summary>Takes over what an earlier activation has reported, as far as it is still so.</summary>
    public void Resume(CompactionReport? reported)
    {
        if (reported is not null)
        {
            _oldest = reported.DirtySince == Timestamp.None ? _oldest : (reported.CleanTo, reported.DirtySince);
            _tombstones = (reported.CleanTo, reported.TombstonesAt);
        }
    }

    /// <summary>
    /// Measures how far the log has been compacted. Reads pages of the index, each once, and those of what has not been compacted.
    /// </summary>
    /// <param name="findsOldest">Whether to read the first batch that has not been compacted if its time matters and is not known.</param>
    /// <returns>The report, which is null if the topic is not compacted or the log is empty; or the errors of
    /// <see cref="PartitionLog.SizeAsync"/>.</returns>
    public async ValueTask<(ErrorCode Error, CompactionReport? Report)> MeasureAsync(bool findsOldest)
    {
        if (machine.Settings is not { Compaction: { } settings, Version: var version } || log.LogStartOffset == log.DurableEndOffset)
        {
            return (ErrorCode.None, null);
        }

        var (from, end) = (log.Compaction.CleanTo, log.DurableEndOffset);
        await producers.SettleAsync();
        var (error, walk, newest) = await WalkAsync(settings with { MinLag = TimeSpan.Zero }, from);
        if (error != ErrorCode.None)
        {
            return (error, null);
        }

        if (findsOldest && settings.MaxLag < TimeSpan.MaxValue && from < end)
        {
            // What damage hides stays unknown: compaction finds the damage.
            await FindOldestAsync(from);
        }

        // What a pass under way has rewritten may be small enough not to call for a pass.
        var report = new CompactionReport(
            from, walk.CleanBytes, walk.DirtyBytes, _oldest.At == from ? _oldest.Time : Timestamp.None, newest,
            log.Compaction.IsPassUnderWay ? default : TombstonesAt(from, settings), 0);
        var isStalled = (_idle.Version, _idle.CleanTo, _idle.End) == (version, from, end)
            && CompactionDue.Of(report, end, settings) is { } due && due.At <= _idle.At;
        return (ErrorCode.None, isStalled ? report with { StalledVersion = version } : report);
    }

    /// <summary>Makes one pass if it is due.</summary>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> once, when damage is found; another error of the log, after which the
    /// next call resumes the pass.</returns>
    public async Task<ErrorCode> CompactAsync()
    {
        var (error, pass) = await PlanAsync();
        if (pass is not null && !log.IsLeader)
        {
            // The owner that leads may have done it already; taking the lead would only interrupt its appends.
            error = await seeNewest();
            (error, pass) = error == ErrorCode.None ? await PlanAsync() : (error, null);
        }

        if (pass is { } due)
        {
            error = await lead();
            error = error == ErrorCode.None && due.End != Offset.None ? await producers.RecallAsync() : error;
            error = error == ErrorCode.None && due.End != Offset.None ? await producers.KeepAsync(due.End) : error;
            error = error != ErrorCode.None ? error : due.End == Offset.None ? await log.SealAsync() : await CountAsync(due);
        }

        if (error == ErrorCode.CorruptMessage && !_isClosed)
        {
            _isDamaged = true;
            metrics.CompactionStopped(1);
        }

        if ((error == ErrorCode.None && pass is null) || error == ErrorCode.CorruptMessage)
        {
            _idle = (machine.TopicVersion, log.Compaction.CleanTo, log.DurableEndOffset, Now);
        }

        return error;
    }

    /// <summary>Forgets the partition in the metrics.</summary>
    public void Close()
    {
        _isClosed = true;
        if (_isDamaged)
        {
            metrics.CompactionStopped(-1);
        }
    }

    /// <summary>The pass that is due: the one that was interrupted, or a new one. It ends nowhere if the tail of the log must be listed first.</summary>
    private async ValueTask<(ErrorCode Error, Pass? Due)> PlanAsync()
    {
        if (_isDamaged || machine.Settings is not { Compaction: { } settings })
        {
            return (ErrorCode.None, null);
        }

        var error = await producers.SettleAsync();
        var (mark, start) = (log.Compaction, log.LogStartOffset);
        if (error != ErrorCode.None || mark.IsPassUnderWay)
        {
            return (error, error == ErrorCode.None ? new Pass(mark.PassEnd, mark.PassNext) : null);
        }

        (error, var walk, _) = await WalkAsync(settings, mark.CleanTo);
        var from = Offset.Max(mark.CleanTo, start);
        var oldest = Timestamp.None;
        if (error == ErrorCode.None && settings.MaxLag < TimeSpan.MaxValue && from < log.DurableEndOffset)
        {
            (error, oldest) = await FindOldestAsync(from);
        }

        return error != ErrorCode.None ? (error, null)
            : walk.IsDue(oldest) ? (error, new Pass(walk.End, start))
            : walk.MustList(oldest) && log.ListedEndOffset < log.DurableEndOffset ? (error, new Pass(Offset.None, start))
            : Now >= TombstonesAt(mark.CleanTo, settings) ? (error, new Pass(from, start))
            : (error, null);
    }

    private async ValueTask<(ErrorCode Error, CompactionWalk Walk, Timestamp NewestDirty)> WalkAsync(
        CompactionSettings settings, Offset cleanTo)
    {
        var (error, _) = await log.SizeAsync();
        var walk = new CompactionWalk(settings, cleanTo, Offset.Min(log.ListedEndOffset, machine.Positions.LastStable), Now);
        var newest = Timestamp.None;
        error = error == ErrorCode.None ? await log.WalkAsync(Visit) : error;
        return (error, walk, newest);

        LogWalkStep Visit(LogPart part)
        {
            var dirty = walk.DirtyBytes;
            var verdict = walk.Visit(part.End, part.MaxTimestamp, part.Bytes, part.IsDivisible);
            newest = walk.DirtyBytes > dirty && part.MaxTimestamp > newest ? part.MaxTimestamp : newest;
            return verdict switch
            {
                CompactionVerdict.Next => LogWalkStep.Next,
                CompactionVerdict.Divide => LogWalkStep.Into,
                _ => LogWalkStep.Stop,
            };
        }
    }

    /// <summary>When the tombstones may go that are left in what has been compacted. Of another owner's passes it is assumed that they left some.</summary>
    private Timestamp TombstonesAt(Offset cleanTo, CompactionSettings settings)
    {
        if (_tombstones.CleanTo != cleanTo)
        {
            _tombstones = (cleanTo, CompactionDue.TombstonesAt(cleanTo > log.LogStartOffset, Now, settings));
        }

        return _tombstones.At;
    }

    private async ValueTask<(ErrorCode Error, Timestamp Time)> FindOldestAsync(Offset from)
    {
        if (_oldest.At == from)
        {
            return (ErrorCode.None, _oldest.Time);
        }

        var read = await log.ReadAsync(from, 1, CancellationToken.None);
        if (read.Error == ErrorCode.None && read.Bytes > 0)
        {
            _oldest = (from, FirstTime(read.Pieces));
        }

        return (read.Error, read.Error == ErrorCode.None && read.Bytes > 0 ? _oldest.Time : Timestamp.None);
    }

    private static Timestamp FirstTime(ReadOnlyMemory<byte>[] pieces)
    {
        new BatchPieces(pieces).TryTake(out var bytes, out var pooled);
        var time = RecordBatch.TryRead(bytes.Span, out var batch) == ErrorCode.None ? batch.FirstTimestamp : Timestamp.None;
        if (pooled is not null)
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }

        return time;
    }

    private async Task<ErrorCode> CountAsync(Pass pass)
    {
        metrics.Compacting(1);
        try
        {
            return await RunAsync(pass);
        }
        finally
        {
            metrics.Compacting(-1);
        }
    }

    private async Task<ErrorCode> RunAsync(Pass pass)
    {
        // Where there is no table, it begins with all keys of the log.
        var storesKeys = await keys.MayWriteAsync();
        var known = storesKeys ? Offset.Min(keys.Table?.End ?? Offset.Zero, log.Compaction.CleanTo) : log.Compaction.CleanTo;
        var from = Offset.Min(Offset.Max(known, log.LogStartOffset), pass.End);
        using var scan = new KeyScan(from, (int)Math.Min(options.Compaction.MaxSlots, OffsetMap.SlotsFor(pass.End - from)));
        var error = await ScanAsync(scan, pass.End);
        var end = scan.IsFull ? scan.End : pass.End;

        // An owner with less memory than the one before, or one that has to learn all keys again, ends the pass earlier, perhaps where that one had been.
        var next = Offset.Min(pass.Next, end);
        var cleanTo = Offset.Min(log.Compaction.CleanTo, end);

        var (lasts, aborted) = (producers.LastOffsets(), producers.Aborted(log.LogStartOffset, end));

        // What a pass that is resumed has kept before is not known.
        var hasTombstones = next > log.LogStartOffset;
        error = error == ErrorCode.None ? await log.MarkCompactionAsync(new CompactionMark(cleanTo, end, next)) : error;
        while (error == ErrorCode.None && next < end)
        {
            if (machine.Settings is not { Compaction: { } settings })
            {
                return ErrorCode.None;
            }

            var removed = 0L;
            using var compaction = new BatchCompaction(
                scan.Latest, end, Now, settings.TombstoneTime, aborted, (producer, last) => lasts.TryGetValue(producer, out var known) && known == last);
            var step = await log.RewriteAsync(
                next,
                log.ListedEndOffset,
                async batches =>
                {
                    var (rewritten, gone) = await options.Computations.RunAsync(() => Compact(compaction, batches));
                    removed += gone;
                    return rewritten;
                },
                to => new CompactionMark(cleanTo, end, Offset.Min(to, end)));
            if (step.Error != ErrorCode.None)
            {
                return step.Error;
            }

            Invariant.Check(step.Next > next, "a step moves on");
            next = step.Next;
            hasTombstones |= compaction.HasTombstones;
            _hasProgressed = true;
            metrics.Compacted(removed, step.SourceBytes, step.WrittenBytes);
            await options.Compaction.PaceAsync(step.SourceBytes + step.WrittenBytes);
        }

        error = error == ErrorCode.None ? await EndAsync(storesKeys ? scan : null, end) : error;
        if (error == ErrorCode.None)
        {
            producers.Removed(end);
        }

        if (error == ErrorCode.None && machine.Settings is { Compaction: { } last })
        {
            _tombstones = (end, CompactionDue.TombstonesAt(hasTombstones, Now, last));
        }

        return error;
    }

    /// <summary>Brings the table of keys up to date, and notes that the pass has ended.</summary>
    private async Task<ErrorCode> EndAsync(KeyScan? scan, Offset end)
    {
        var mark = new CompactionMark(end, end, end);
        var error = scan is not null && machine.Settings is { Compaction: { } settings }
            ? await keys.WriteAsync(scan, mark, log.LogStartOffset, Now, settings.TombstoneTime)
            : ErrorCode.OffsetNotAvailable;
        return error == ErrorCode.OffsetNotAvailable ? await log.MarkCompactionAsync(mark) : error;
    }

    private async Task<ErrorCode> ScanAsync(KeyScan scan, Offset to)
    {
        while (!scan.IsFull && scan.End < to)
        {
            var read = await log.ReadAsync(scan.End, ReadBytes, CancellationToken.None);
            if (read.Error != ErrorCode.None)
            {
                return read.Error;
            }

            var (pieces, aborted) = (read.NextOffset > to ? BatchPieces.Before(read.Pieces, to) : read.Pieces, producers.Aborted(scan.End, to));
            var error = await options.Computations.RunAsync(() => Learn(scan, pieces, aborted, to));
            if (error != ErrorCode.None)
            {
                return error;
            }

            scan.SkipTo(Offset.Min(read.NextOffset, to));
            _hasProgressed = true;
            await options.Compaction.PaceAsync(read.Bytes);
        }

        return ErrorCode.None;
    }

    private static ErrorCode Learn(KeyScan scan, ReadOnlyMemory<byte>[] pieces, AbortedLookup aborted, Offset to)
    {
        var (batches, error) = (new BatchPieces(pieces), ErrorCode.None);
        while (error == ErrorCode.None && !scan.IsFull && scan.End < to && batches.TryTake(out var bytes, out var pooled))
        {
            error = scan.Add(bytes.Span, aborted);
            if (pooled is not null)
            {
                ArrayPool<byte>.Shared.Return(pooled);
            }
        }

        return error;
    }

    private static (RewrittenBatches Batches, long Removed) Compact(BatchCompaction compaction, IReadOnlyList<ReadOnlyMemory<byte>> batches)
    {
        var (rewritten, removed) = (new ReadOnlyMemory<byte>[batches.Count], 0L);
        for (var i = 0; i < rewritten.Length; i++)
        {
            var compacted = compaction.Compact(batches[i]);
            if (compacted.Error != ErrorCode.None)
            {
                return (new RewrittenBatches(compacted.Error, []), 0);
            }

            rewritten[i] = compacted.Bytes;
            removed += compacted.Removed;
        }

        return (new RewrittenBatches(ErrorCode.None, rewritten), removed);
    }

    /// <summary>A pass over the log.</summary>
    /// <param name="End">Where the part ends whose keys are to be learned.</param>
    /// <param name="Next">Where rewriting begins.</param>
    private readonly record struct Pass(Offset End, Offset Next);
}
