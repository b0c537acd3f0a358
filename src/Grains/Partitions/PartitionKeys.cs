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
/// Finds the last record of a key in one partition of a compacted topic. Where the last records lie is in the table that compaction stores, up to where
/// it ends; for what follows, and for all of a log without a table, it is learned from the log at the first question, and from what was appended since
/// at each later one. Compaction moves no offset. A partition that is never asked for a key has no such memory. Records are decoded outside the
/// partition's turns.
/// </summary>
/// <param name="log">The log, which is open.</param>
/// <param name="stored">The stored table.</param>
/// <param name="machine">The partition's machine, which knows what is committed.</param>
/// <param name="producers">Knows which transactions were aborted.</param>
/// <param name="options">The memory of the silo, and where records are decoded.</param>
/// <param name="time">The clock.</param>
internal sealed class PartitionKeys(
    PartitionLog log, StoredKeys stored, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionProducers producers, PartitionDriverOptions options,
    TimeProvider time)
{
    private const int FirstSlots = 1_024;
    private const int ReadBytes = 1024 * 1024;

    private Task<ErrorCode>? _learning;
    private volatile KeyScan? _scan;

    /// <summary>Where it stands among those of the silo. Touched by <see cref="KeyIndexMemory"/> alone.</summary>
    public LinkedListNode<PartitionKeys> Place => field ??= new LinkedListNode<PartitionKeys>(this);

    /// <summary>The bytes that it holds. Touched by <see cref="KeyIndexMemory"/> alone.</summary>
    public long HeldBytes { get; set; }

    /// <summary>Whether it gets no memory any more. Touched by <see cref="KeyIndexMemory"/> alone.</summary>
    public bool IsClosed { get; set; }

    /// <summary>What was learned, as far as the memory still holds it; a reader locks it. Set by <see cref="KeyIndexMemory"/> alone, from any thread.</summary>
    public KeyScan? Scan
    {
        get => _scan;
        set => _scan = value;
    }

    /// <summary>Gives the memory back.</summary>
    public void Close() => options.KeyIndex.Remove(this);

    /// <summary>
    /// Finds the last committed record of a key, as of the time of the call or later.
    /// </summary>
    /// <returns>
    /// The batch that holds it, and its offset. Without an offset there is no such record; compaction may have removed the record from the batch, because it
    /// was a tombstone. An error of the log, <see cref="ErrorCode.RequestTimedOut"/> while the keys are still being learned, or
    /// <see cref="ErrorCode.ThrottlingQuotaExceeded"/> if the memory does not hold them.
    /// </returns>
    public async ValueTask<(ErrorCode Error, Offset Offset, ReadOnlyMemory<byte>[] Batch)> FindAsync(ReadOnlyMemory<byte> key)
    {
        options.KeyIndex.Use(this);
        var begun = time.GetTimestamp();
        if (await producers.SettleAsync() is not ErrorCode.None and var unsettled)
        {
            return (unsettled, Offset.None, []);
        }

        var (error, offset, from) = await LastAsync(key, begun, null);
        while (error == ErrorCode.None && offset >= log.LogStartOffset)
        {
            var read = await log.ReadAsync(offset, 1, CancellationToken.None);
            if (read.Error is not ErrorCode.None and not ErrorCode.OffsetOutOfRange)
            {
                return (read.Error, Offset.None, []);
            }

            // What compaction has removed meanwhile has a successor.
            (error, var now, from) = await LastAsync(key, begun, from is { } table ? (table, offset) : null);
            if (error == ErrorCode.None && now == offset && read.Error == ErrorCode.None)
            {
                return (ErrorCode.None, offset, read.Pieces);
            }

            offset = now;
        }

        return (error, Offset.None, []);
    }

    /// <summary>What an error of a lookup means; null if the error says it.</summary>
    public static string? Explain(ErrorCode error) => error switch
    {
        ErrorCode.PolicyViolation => "The topic is not compacted, so its partitions do not look for keys; its cleanup.policy would have to include compact.",
        ErrorCode.RequestTimedOut => "The partition is learning where the last records of its keys lie; ask again.",
        ErrorCode.ThrottlingQuotaExceeded => "The partition has more keys than the node has memory for (key-index-memory-mb).",
        ErrorCode.CorruptMessage => "Stored records are damaged, and the last one of the key may be among them.",
        ErrorCode.KafkaStorageError => "The stored records cannot be read now.",
        _ => null,
    };

    /// <summary>The last offset of a key below what is committed now, or none, and the table that has it, if one does.</summary>
    /// <param name="key">The key.</param>
    /// <param name="begun">When the lookup began.</param>
    /// <param name="found">What a table is known to say of the key.</param>
    private async ValueTask<(ErrorCode Error, Offset Offset, LogTable? Table)> LastAsync(
        ReadOnlyMemory<byte> key, long begun, (LogTable Table, Offset Last)? found)
    {
        var to = machine.Positions.LastStable;
        while (true)
        {
            var table = stored.Table;
            if (_scan is { } scan && scan.From <= Begin(table) && TryFind(scan, key.Span, to) is { } last)
            {
                if (last != Offset.None || table is not { } before)
                {
                    return (ErrorCode.None, last, null);
                }

                if (found is { } known && known.Table == before)
                {
                    return (ErrorCode.None, known.Last, before);
                }

                var (failure, offset) = await stored.FindAsync(before, OffsetMap.HashOf(key.Span));
                if (failure != ErrorCode.OffsetNotAvailable)
                {
                    return (failure, offset, before);
                }

                continue;
            }

            _learning = _learning is { IsCompleted: false } ? _learning : LearnAsync();
            var left = Limits.KeyLearningWait - time.GetElapsedTime(begun);
            try
            {
                var error = await _learning.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
                if (error != ErrorCode.None)
                {
                    return (error, Offset.None, null);
                }
            }
            catch (TimeoutException)
            {
                // The task keeps learning for the next caller.
                return (ErrorCode.RequestTimedOut, Offset.None, null);
            }
        }
    }

    /// <summary>Where the part begins that the table does not describe.</summary>
    private Offset Begin(LogTable? table) => Offset.Max(log.LogStartOffset, table?.End ?? Offset.Zero);

    /// <summary>The last offset of a key in what was learned, or none; null if not everything before an offset has been learned.</summary>
    private static Offset? TryFind(KeyScan scan, ReadOnlySpan<byte> key, Offset to)
    {
        lock (scan)
        {
            return scan.End < to ? null : scan.Latest.TryGet(key, out var last) ? last : Offset.None;
        }
    }

    private async Task<ErrorCode> LearnAsync()
    {
        while (true)
        {
            var begin = Begin(stored.Table);
            if (_scan is not { } scan || scan.From > begin)
            {
                scan = new KeyScan(begin, FirstSlots);
                if (!options.KeyIndex.TryHold(this, scan, FirstSlots))
                {
                    return ErrorCode.ThrottlingQuotaExceeded;
                }
            }

            Forget(scan, begin);

            var to = machine.Positions.LastStable;
            Skip(scan, log.LogStartOffset);
            if (scan.End >= to)
            {
                return ErrorCode.None;
            }

            var read = await log.ReadAsync(scan.End, ReadBytes, CancellationToken.None);
            if (read.Error == ErrorCode.OffsetOutOfRange && scan.End < log.LogStartOffset)
            {
                continue;
            }

            var (pieces, aborted) = (read.NextOffset > to ? BatchPieces.Before(read.Pieces, to) : read.Pieces, producers.Aborted(scan.End, to));
            var error = read.Error == ErrorCode.None ? await options.Computations.RunAsync(() => Learn(scan, pieces, aborted, to)) : read.Error;
            if (error != ErrorCode.None)
            {
                return error;
            }

            Skip(scan, Offset.Min(read.NextOffset, to));
        }
    }

    private ErrorCode Learn(KeyScan scan, ReadOnlyMemory<byte>[] pieces, AbortedLookup aborted, Offset to)
    {
        var (batches, error) = (new BatchPieces(pieces), ErrorCode.None);
        while (error == ErrorCode.None && scan.End < to && batches.TryTake(out var bytes, out var pooled))
        {
            lock (scan)
            {
                error = scan.Add(bytes.Span, aborted);
                while (scan.IsFull && error == ErrorCode.None)
                {
                    var slots = (int)Math.Min(scan.Latest.Slots * 2L, Array.MaxLength);
                    error = slots > scan.Latest.Slots && options.KeyIndex.TryHold(this, scan, slots) ? ErrorCode.None : ErrorCode.ThrottlingQuotaExceeded;
                    if (error == ErrorCode.None)
                    {
                        scan.Enlarge(slots);
                        error = scan.Add(bytes.Span, aborted);
                    }
                }
            }

            if (pooled is not null)
            {
                ArrayPool<byte>.Shared.Return(pooled);
            }
        }

        // What was learned is kept for as long as the activation lives; a decompressed batch need not be.
        lock (scan)
        {
            scan.Release();
        }

        return error;
    }

    /// <summary>Gives back the memory for what the table describes by now.</summary>
    private void Forget(KeyScan scan, Offset before)
    {
        lock (scan)
        {
            if (scan.From < before && before <= scan.End)
            {
                var map = scan.Latest.From(before, FirstSlots);
                if (map.Slots <= scan.Latest.Slots && options.KeyIndex.TryHold(this, scan, map.Slots))
                {
                    scan.Forget(before, map);
                }
            }
        }
    }

    private static void Skip(KeyScan scan, Offset to)
    {
        lock (scan)
        {
            scan.SkipTo(to);
        }
    }
}
