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
/// A log without a table has no such batches: the first one waits for an empty table. Known from the first append of an idempotent producer on, which the
/// leader takes.
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

    private Offset _storedTo;
    private long _tableBytes;
    private long _bytes;
    private Task<ErrorCode> _storing = Task.FromResult(ErrorCode.None);
    private Task<(ErrorCode, string?)>? _learning;

    /// <summary>Whether the state is known, so that a batch can be judged.</summary>
    public bool AreKnown { get; private set; }

    /// <summary>Whether the log has ever had batches of such producers, as far as this owner knows.</summary>
    public bool Exist => log.Table(TableKind.Producers) is not null;

    /// <summary>Learns the state from the store, for a partition that leads.</summary>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnsupportedForMessageFormat"/> if the cluster cannot store it yet; the errors of
    /// <see cref="PartitionLog.ReadAsync"/> and <see cref="PartitionLog.WriteTableAsync"/>.</returns>
    public Task<(ErrorCode Error, string? Detail)> LearnAsync() => _learning is { IsCompleted: false } running ? running : _learning = LearnOnceAsync();

    /// <summary>Notes new batches that have offsets and are not durable yet.</summary>
    /// <param name="batches">The batches.</param>
    /// <param name="first">The offset of the first.</param>
    /// <param name="bytes">Their bytes.</param>
    /// <param name="now">The broker's time.</param>
    public void Appended(ReadOnlySpan<ProducedBatch> batches, Offset first, int bytes, Timestamp now)
    {
        foreach (ref readonly var batch in batches)
        {
            first += batch.Offsets;
            machine.Producers.Append(batch, first + -1, now);
        }

        _bytes += bytes;
    }

    /// <summary>Whether so much was appended since the table was stored that it is time for another one. Not while one is being stored.</summary>
    public bool MustStore => _bytes >= Math.Max(LogBytesPerTable, LogBytesPerTableByte * _tableBytes) && _storing.IsCompleted;

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

    /// <summary>The last offset of each producer that is known, for use on any thread.</summary>
    public FrozenDictionary<long, Offset> LastOffsets() =>
        machine.Producers.Producers.ToFrozenDictionary(producer => producer.Producer, producer => producer.Batches[^1].LastOffset);

    private async Task<(ErrorCode Error, string? Detail)> LearnOnceAsync()
    {
        if (!await (options.StoresTables?.Invoke() ?? new(true)))
        {
            return (ErrorCode.UnsupportedForMessageFormat, "Idempotent producers need feature level 3 of the cluster: send batches without a producer id.");
        }

        if (log.Table(TableKind.Producers) is not { } table)
        {
            var stored = await StoreAsync();
            AreKnown = stored == ErrorCode.None;
            return (stored, null);
        }

        var (error, states) = await ReadAsync(table);

        // Without the table the whole log tells, however long that takes.
        var from = states is null ? Offset.Zero : table.End;
        if (error == ErrorCode.None)
        {
            machine.Producers.Restore(states ?? []);
            error = await ReplayAsync(Offset.Max(from, log.LogStartOffset));
        }

        (AreKnown, _storedTo) = (error == ErrorCode.None, states is null ? _storedTo : table.End);
        return (error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : error, null);
    }

    private async Task<(ErrorCode Error, List<ProducerState>? States)> ReadAsync(LogTable table)
    {
        var states = new List<ProducerState>();
        _tableBytes = 0;
        for (var page = 0; page < table.Pages; page++)
        {
            var (error, bytes) = await log.ReadTableAsync(table, page, caches: false);
            _tableBytes += bytes.Length;
            if (error == ErrorCode.CorruptMessage || (error == ErrorCode.None && !ProducerPage.TryRead(bytes.Span, states)))
            {
                return (ErrorCode.None, null);
            }

            if (error != ErrorCode.None)
            {
                return (error, null);
            }
        }

        return (ErrorCode.None, states);
    }

    private async Task<ErrorCode> ReplayAsync(Offset from)
    {
        var (end, now) = (log.DurableEndOffset, Timestamp.From(time.GetUtcNow()));
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

            foreach (var (batch, last) in await options.Computations.RunAsync(() => Look(read.Pieces)))
            {
                machine.Producers.Replay(batch, last, now);
            }

            _bytes += read.Bytes;
            from = read.NextOffset;
        }

        return ErrorCode.None;
    }

    private static List<(ProducedBatch Batch, Offset Last)> Look(ReadOnlyMemory<byte>[] pieces)
    {
        var (found, batches) = (new List<(ProducedBatch, Offset)>(), new BatchPieces(pieces));
        while (batches.TryTake(out var bytes, out var pooled))
        {
            if (RecordBatch.TryRead(bytes.Span, out var batch) == ErrorCode.None && ProducedBatch.Of(batch) is { } produced)
            {
                found.Add((produced, batch.LastOffset));
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
        var end = machine.Positions.DurableEnd;
        var pages = ProducerPage.Write(machine.Producers.Producers);
        var table = new LogTable(TableKind.Producers, end, machine.Producers.Count, pages.Count);
        _bytes = 0;
        var error = await log.WriteTableAsync(table, 0, pages);
        if (error == ErrorCode.None)
        {
            (_storedTo, _tableBytes) = (end, pages.Sum(page => (long)page.Length));
        }

        return error;
    }
}
