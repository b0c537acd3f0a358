using System.Buffers;
using System.Collections.Frozen;
using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// Keeps what a partition remembers of idempotent producers with its log. The log itself gives that state, so it is stored from time to time, in a table
/// beside the log, only to bound what is read: the table, and the batches after it. It is stored before anything is deleted or compacted that is not in it.
/// A log without a table has no such batches: the first one waits for an empty table. The leader knows it from the first append of an idempotent producer on,
/// and an activation that only reads from the first reader that leaves out what is not committed.
/// </summary>
/// <param name="log">The log, which is open.</param>
/// <param name="machine">The partition's machine, which has the state.</param>
/// <param name="options">Whether tables may be written, and where batches are looked through.</param>
/// <param name="time">The clock.</param>
internal sealed class PartitionProducers(
    PartitionLog log, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionDriverOptions options, TimeProvider time)
{
    private const int ReadBytes = 1024 * 1024;

    // What is read again when the partition is opened elsewhere: little beside what opening reads anyway, and much beside the table.
    private const long LogBytesPerTable = 2 * 1024 * 1024;
    private const int LogBytesPerTableByte = 4;

    private static readonly Offset Everything = new(long.MaxValue);

    private Offset _storedTo;
    private Offset _readTo = Offset.None;
    private long _tableBytes;
    private long _bytes;
    private Task<ErrorCode> _storing = Task.FromResult(ErrorCode.None);
    private Task<(ErrorCode, string?)>? _learning;
    private Task<ErrorCode> _reading = Task.FromResult(ErrorCode.None);

    /// <summary>Invoked with the fetches that what was learned satisfies.</summary>
    public Action<List<WaitingFetch>> Learned { get; set; } = static _ => { };

    /// <summary>Whether the state is known, so that a batch can be judged.</summary>
    public bool AreKnown { get; private set; }

    /// <summary>Whether the log has ever had batches of such producers, as far as this owner knows.</summary>
    public bool Exist => log.Table(TableKind.Producers) is not null;

    /// <summary>Learns the state from the store, for a partition that leads.</summary>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnsupportedForMessageFormat"/> if the cluster cannot store it yet; the errors of
    /// <see cref="PartitionLog.ReadAsync"/> and <see cref="PartitionLog.WriteTableAsync"/>.</returns>
    public Task<(ErrorCode Error, string? Detail)> LearnAsync() => _learning is { IsCompleted: false } running ? running : _learning = LearnOnceAsync();

    /// <summary>What the refusal of a batch means; null if the error says it.</summary>
    public static string? Explain(ErrorCode error) => error switch
    {
        ErrorCode.InvalidProducerEpoch => "The producer has a newer epoch: another one with the same id has taken over.",
        ErrorCode.OutOfOrderSequenceNumber => "The sequence of the batch neither continues the producer's last batch nor repeats one of its last five.",
        ErrorCode.DuplicateResource => "The key was used for other records before.",
        ErrorCode.InvalidTxnState => "The batch is not part of a transaction that is open in this partition.",
        ErrorCode.PolicyViolation => "The log has as many aborted transactions as a partition remembers; no other begins until retention has removed some.",
        _ => null,
    };

    /// <summary>
    /// Ensures that it is known which transactions are open and which were aborted, up to the end of the log as it is known: the last stable offset then is
    /// that of the log. Takes no lead.
    /// </summary>
    /// <returns>The errors of <see cref="PartitionLog.EnsureNewestAsync"/> and <see cref="LearnAsync"/>.</returns>
    public async ValueTask<ErrorCode> SettleAsync()
    {
        while (!machine.IsStableKnown)
        {
            var (isLeader, end) = (log.IsLeader, log.DurableEndOffset);
            var error = ErrorCode.None;
            if (Exist)
            {
                error = isLeader ? (await LearnAsync()).Error : await ReadToEndAsync();
            }
            else if (!isLeader)
            {
                // The table comes before the first such batch: a head that is read after these batches were seen tells whether there is one.
                error = await log.EnsureNewestAsync(TimeSpan.Zero);
            }

            if (error != ErrorCode.None)
            {
                return error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : error;
            }

            if (!Exist)
            {
                Know(isLeader ? Everything : end);
            }
        }

        return ErrorCode.None;
    }

    /// <summary>The partition leads: of a log without a table everything is known.</summary>
    public void Lead()
    {
        if (!Exist)
        {
            Know(Everything);
        }
    }

    /// <summary>Notes new batches that have offsets and are not durable yet.</summary>
    /// <param name="batches">The batches.</param>
    /// <param name="first">The offset of the first.</param>
    /// <param name="bytes">Their bytes.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="check">What the coordinator said of their transaction.</param>
    public void Appended(ReadOnlySpan<ProducedBatch> batches, Offset first, int bytes, Timestamp now, TransactionCheck? check)
    {
        foreach (ref readonly var batch in batches)
        {
            first += batch.Offsets;
            machine.Producers.Append(batch, first + -1, now, check);
        }

        _bytes += bytes;
    }

    /// <summary>Notes a marker that has an offset and is not durable yet.</summary>
    public void Appended(in MarkerToWrite marker, Offset offset, int bytes, Timestamp now)
    {
        machine.Producers.Append(marker, offset, now);
        _bytes += bytes;
    }

    /// <summary>
    /// Whether so much was appended since the table was stored that it is time for another one. Not while one is being stored, nor before all is known: what
    /// was only read, or is still being read, may end before the log does.
    /// </summary>
    public bool MustStore => AreKnown && _bytes >= Math.Max(LogBytesPerTable, LogBytesPerTableByte * _tableBytes) && _storing.IsCompleted;

    /// <summary>Stores the state as of what is durable. What fails is tried again after as many bytes.</summary>
    public Task<ErrorCode> StoreAsync() => _storing = StoreAfterAsync(_storing);

    /// <summary>Ensures that the state can be read without the batches before an offset.</summary>
    /// <returns>The errors of <see cref="LearnAsync"/>.</returns>
    public async Task<ErrorCode> KeepAsync(Offset before)
    {
        if (log.Table(TableKind.Producers) is not { } table || table.End >= before)
        {
            return ErrorCode.None;
        }

        var error = await RecallAsync();
        return error != ErrorCode.None || _storedTo >= before ? error : await StoreAsync();
    }

    /// <summary>Learns the state if there is one.</summary>
    /// <returns>The errors of <see cref="LearnAsync"/>.</returns>
    public async Task<ErrorCode> RecallAsync() =>
        AreKnown || !Exist ? ErrorCode.None : (await LearnAsync()).Error;

    /// <summary>Forgets producers that have appended nothing for as long as the options say.</summary>
    public void Expire() => machine.Producers.Expire(new Timestamp(time.GetUtcNow().ToUnixTimeMilliseconds() - (long)options.ProducerExpiration.TotalMilliseconds));

    /// <summary>The aborted transactions with records in a part of the log, for use on any thread.</summary>
    public AbortedLookup Aborted(Offset from, Offset to) =>
        machine.Producers.Aborted.Count == 0 ? AbortedLookup.None : new AbortedLookup(machine.Producers.Aborted.Overlapping(from, to));

    /// <summary>Nothing of aborted transactions is left before an offset.</summary>
    public void Removed(Offset before) => machine.Producers.Aborted.Trim(before);

    /// <summary>The last offset of each producer that is known, for use on any thread.</summary>
    public FrozenDictionary<long, Offset> LastOffsets() => machine.Producers.Producers
        .Where(producer => producer.Batches.Length > 0)
        .ToFrozenDictionary(producer => producer.Producer, producer => producer.Batches[^1].LastOffset);

    private async Task<(ErrorCode Error, string? Detail)> LearnOnceAsync()
    {
        if (!await (options.StoresTables?.Invoke() ?? new(true)))
        {
            return (ErrorCode.UnsupportedForMessageFormat, "Idempotent producers need feature level 3 of the cluster: send batches without a producer id.");
        }

        // Batches of such producers wait until all before them are known.
        var (error, end) = (ErrorCode.None, log.DurableEndOffset);
        if (!Exist)
        {
            error = await StoreAsync();
        }
        else
        {
            do
            {
                error = await ReadToEndAsync();
            }
            while (error == ErrorCode.None && _readTo < end);
        }

        if (error == ErrorCode.None)
        {
            AreKnown = true;
            Know(Everything);
        }

        return (error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : error, null);
    }

    private void Know(Offset to) => Learned(machine.Learn(to));

    /// <summary>Reads the table and the batches after it, or what has come since. What a leader appends meanwhile is not idempotent.</summary>
    private Task<ErrorCode> ReadToEndAsync() => _reading.IsCompleted ? _reading = ReadOnceAsync() : _reading;

    private async Task<ErrorCode> ReadOnceAsync()
    {
        if (_readTo == Offset.None && log.Table(TableKind.Producers) is { } table)
        {
            var (failure, pages) = await ReadAsync(table);
            if (failure != ErrorCode.None)
            {
                return failure;
            }

            // Without the table the whole log tells, however long that takes.
            machine.Producers.Restore(pages?.Producers ?? [], pages?.Aborted ?? []);
            (_readTo, _storedTo) = pages is null ? (Offset.Zero, _storedTo) : (table.End, table.End);
        }

        var end = log.DurableEndOffset;
        var error = await ReplayAsync(Offset.Max(_readTo, log.LogStartOffset), end);
        if (error == ErrorCode.None)
        {
            _readTo = Offset.Max(_readTo, end);
            Know(end);
        }

        return error;
    }

    private async Task<(ErrorCode Error, (List<ProducerState> Producers, List<AbortedSpan> Aborted)? Pages)> ReadAsync(LogTable table)
    {
        var (producers, aborted) = (new List<ProducerState>(), new List<AbortedSpan>());
        _tableBytes = 0;
        for (var page = 0; page < table.Pages; page++)
        {
            var (error, bytes) = await log.ReadTableAsync(table, page, caches: false);
            _tableBytes += bytes.Length;
            if (error == ErrorCode.CorruptMessage || (error == ErrorCode.None && !ProducerPage.TryRead(bytes.Span, producers, aborted)))
            {
                return (ErrorCode.None, null);
            }

            if (error != ErrorCode.None)
            {
                return (error, null);
            }
        }

        return (ErrorCode.None, (producers, aborted));
    }

    private async Task<ErrorCode> ReplayAsync(Offset from, Offset end)
    {
        var now = Timestamp.From(time.GetUtcNow());
        while (from < end)
        {
            var read = await log.ReadAsync(from, ReadBytes, CancellationToken.None);
            if (read.Error == ErrorCode.OffsetOutOfRange && from < log.LogStartOffset)
            {
                from = log.LogStartOffset;
                continue;
            }

            if (read.Error != ErrorCode.None)
            {
                return read.Error;
            }

            foreach (var (batch, marker, last) in await options.Computations.RunAsync(() => Look(read.Pieces, end)))
            {
                if (marker is { } ending)
                {
                    machine.Producers.Replay(ending, last, now);
                }
                else
                {
                    machine.Producers.Replay(batch!.Value, last, now);
                }
            }

            _bytes += read.Bytes;
            _readTo = from = Offset.Min(read.NextOffset, end);
        }

        return ErrorCode.None;
    }

    private static List<(ProducedBatch? Batch, EndMarker? Marker, Offset Last)> Look(ReadOnlyMemory<byte>[] pieces, Offset end)
    {
        var (found, batches) = (new List<(ProducedBatch?, EndMarker?, Offset)>(), new BatchPieces(pieces));
        while (batches.TryTake(out var bytes, out var pooled))
        {
            if (RecordBatch.TryRead(bytes.Span, out var batch) == ErrorCode.None && batch.BaseOffset < end
                && (ProducedBatch.Of(batch), EndMarker.Of(batch)) is var (produced, marker) && (produced is not null || marker is not null))
            {
                found.Add((produced, marker, batch.LastOffset));
            }

            if (pooled is not null)
            {
                ArrayPool<byte>.Shared.Return(pooled);
            }
        }

        return found;
    }

    /// <summary>One after the other: none takes the place of a newer one.</summary>
    private async Task<ErrorCode> StoreAfterAsync(Task<ErrorCode> before)
    {
        await before;
        var end = machine.Positions.HighWatermark;
        var pages = ProducerPage.Write(machine.Producers);
        var table = new LogTable(TableKind.Producers, end, machine.Producers.Count + machine.Producers.Aborted.Count, pages.Count);
        _bytes = 0;
        var error = await log.WriteTableAsync(table, 0, pages);
        if (error == ErrorCode.None)
        {
            (_storedTo, _tableBytes) = (end, pages.Sum(page => (long)page.Length));
        }

        return error;
    }
}
