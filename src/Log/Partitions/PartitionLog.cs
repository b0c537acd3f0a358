using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Partitions;

/// <summary>
/// The ordered log of one partition in grain storage: it assigns offsets, makes batches durable in their order, and reads them back byte
/// for byte. Not thread-safe: every call and every continuation runs on its owner's scheduler. Several owners of one log may exist by
/// mistake; storage lets only the one with the newest leader epoch append, and the others close. When storage is broken or the outcome of a
/// write stays unknown beyond the deadline, the log closes, says so once through <see cref="Closed"/>, and serves nothing more; a new
/// instance recovers what is durable.
/// </summary>
public sealed class PartitionLog : IAsyncDisposable
{
    private readonly Chain _chain;
    private readonly BatchReader _reader;
    private Item[] _items = [];

    /// <summary>A log that is not opened yet.</summary>
    /// <param name="storage">Keeps the objects.</param>
    /// <param name="id">Names the log among all logs of the storage: <c>{topic id as 32 digits}/{partition}</c>.</param>
    /// <param name="writer">Random and never used before: tells this instance's writes from all others'.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="cache">Shared by the logs of a silo.</param>
    /// <param name="time">For waits and deadlines only.</param>
    public PartitionLog(IGrainStorage storage, string id, Guid writer, PartitionLogOptions options, ObjectCache cache, TimeProvider time)
    {
        _chain = new Chain(storage, id, writer, options, BatchFormat.Instance, cache, time);
        _reader = new BatchReader(_chain);
    }

    /// <summary>Whether this instance has taken an epoch and may append.</summary>
    public bool IsLeader => _chain.Leads;

    /// <summary>The epoch that this instance took, or that of the last writer as far as it is known.</summary>
    public LeaderEpoch Epoch => _chain.Epoch;

    /// <summary>The first offset that can be read.</summary>
    public Offset LogStartOffset => _chain.IsOpen ? _chain.State.Head.Start : Offset.Zero;

    /// <summary>Every offset before it is durable; what a read sees.</summary>
    public Offset DurableEndOffset => _chain.IsOpen ? _chain.State.Durable : Offset.Zero;

    /// <summary>The offset that the next record gets.</summary>
    public Offset LogEndOffset => _chain.IsOpen ? _chain.End : Offset.Zero;

    /// <summary>Bytes of batches that wait for storage.</summary>
    public long PendingBytes => _chain.PendingBytes;

    /// <summary>Why the log has closed by itself, in one sentence for a person; null if it has not.</summary>
    public string? CloseReason => _chain.CloseReason;

    /// <summary>
    /// Invoked on the owner's scheduler whenever <see cref="DurableEndOffset"/> has advanced; never while a method of the log runs its
    /// first turn.
    /// </summary>
    public Action? Advanced
    {
        get => _chain.Advanced;
        set => _chain.Advanced = value;
    }

    /// <summary>
    /// Invoked on the owner's scheduler for pending appends that will never be durable, with their first offset, the offset after their last
    /// one, and the error that <see cref="PendingAppend.Committed"/> ends with. Their offsets may be assigned again.
    /// </summary>
    public Action<Offset, Offset, ErrorCode>? Failed
    {
        get;
        set
        {
            field = value;
            _chain.Failed = value is null ? null : (chunk, error) => value(chunk.Base, chunk.End, error);
        }
    }

    /// <summary>Invoked once when the log has closed by itself: superseded, broken, or in doubt. The owner drops this instance.</summary>
    public Action<ErrorCode>? Closed
    {
        get => _chain.ClosedItself;
        set => _chain.ClosedItself = value;
    }

    /// <summary>
    /// Reads the head and the chunks after the last segment: a bounded amount, however long the log is. An absent log is an empty one.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now;
    /// <see cref="ErrorCode.CorruptMessage"/> if the head is damaged or missing; <see cref="ErrorCode.UnknownTopicOrPartition"/> if the log
    /// is being deleted. After an error it may be called again.
    /// </returns>
    public Task<ErrorCode> OpenAsync(CancellationToken cancellation) => _chain.OpenAsync(cancellation);

    /// <summary>
    /// Takes the next leader epoch, so that no earlier writer can append any more; needed before the first append. Chunks that an earlier
    /// writer stored in the meantime become part of the log. Does nothing if the epoch is taken already.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, <see cref="ErrorCode.NotLeaderOrFollower"/> if a newer writer exists, or a storage error as
    /// for appends.</returns>
    public Task<ErrorCode> BecomeLeaderAsync(CancellationToken cancellation) => _chain.TakeEpochAsync(cancellation);

    /// <summary>
    /// Gives the batches their offsets, one after the other, and queues them for the next chunk: all of them get into the same chunk or
    /// none. Does not wait: whoever wants bounded memory awaits <see cref="WaitForRoomAsync"/> before. If nothing can be appended, the
    /// offsets mean nothing and <see cref="PendingAppend.Committed"/> says why: besides what is named there,
    /// <see cref="ErrorCode.RecordListTooLarge"/> if the batches are more than <see cref="Limits.BatchBytes"/> together.
    /// </summary>
    public PendingAppend Append(ReadOnlySpan<BatchToAppend> batches)
    {
        Invariant.Check(batches.Length > 0, "an append has a batch");
        var (bytes, offsets) = (0L, 0L);
        if (_items.Length < batches.Length)
        {
            _items = new Item[Math.Max(batches.Length, _items.Length * 2)];
        }

        for (var i = 0; i < batches.Length; i++)
        {
            var batch = batches[i];
            Invariant.Check(
                StoredBatch.Describes(batch.Bytes.Span, batch.OffsetCount), "a batch is whole and takes the offsets that its header says");
            bytes += batch.Bytes.Length;
            offsets += batch.OffsetCount;
            _items[i] = new Item(batch.Bytes, batch.Header, batch.OffsetCount, batch.MaxTimestamp);
        }

        var items = _items.AsSpan(0, batches.Length);
        try
        {
            if (Problem(bytes, offsets) is not ErrorCode.None and var error)
            {
                return new PendingAppend(LogEndOffset, LogEndOffset + (offsets - 1), Task.FromResult(error));
            }

            var (chunk, first) = _chain.Append(items);
            AssertInvariants();
            return new PendingAppend(first, first + (offsets - 1), chunk.Ended);
        }
        finally
        {
            items.Clear();
        }
    }

    /// <summary>
    /// Waits until <paramref name="bytes"/> more may be pending. One append larger than the bound waits until nothing else is pending.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, or why the log takes no appends.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<ErrorCode> WaitForRoomAsync(long bytes, CancellationToken cancellation) =>
        _chain.WaitForRoomAsync(bytes, cancellation);

    /// <summary>
    /// Reads whole batches from the one that contains <paramref name="from"/> up to the durable end: as many as fit
    /// <paramref name="maxBytes"/>, the first one always. At the durable end the result is empty.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.OffsetOutOfRange"/> outside the log; <see cref="ErrorCode.CorruptMessage"/> where the stored bytes are damaged,
    /// with the offset after the damage; <see cref="ErrorCode.KafkaStorageError"/> where they cannot be read now;
    /// <see cref="ErrorCode.NotLeaderOrFollower"/> once the log is closed.
    /// </returns>
    public ValueTask<LogRead> ReadAsync(Offset from, int maxBytes, CancellationToken cancellation)
    {
        if (_chain.IsClosed)
        {
            return Nothing(_chain.ClosedError, from);
        }

        if (from < LogStartOffset || from > LogEndOffset)
        {
            return Nothing(ErrorCode.OffsetOutOfRange, from);
        }

        cancellation.ThrowIfCancellationRequested();
        return from >= DurableEndOffset ? Nothing(ErrorCode.None, from) : _reader.ReadAsync(from, maxBytes);
    }

    /// <summary>
    /// Finds the first batch whose greatest timestamp is at or after <paramref name="timestamp"/>; no pieces if there is none. The errors
    /// are those of <see cref="ReadAsync"/>: where the answer might lie in damaged bytes, it is <see cref="ErrorCode.CorruptMessage"/>.
    /// </summary>
    public ValueTask<LogRead> FindBatchAsync(Timestamp timestamp, CancellationToken cancellation) =>
        _chain.IsClosed ? Nothing(_chain.ClosedError, DurableEndOffset) : _reader.FindAsync(timestamp, LogStartOffset, cancellation);

    /// <summary>
    /// Deletes every object of the log, the head last. May be called on an instance that is not opened, and again after any failure. A
    /// writer that races is fenced; this instance is closed afterwards.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/> once nothing is left, or a storage error; <see cref="ErrorCode.CorruptMessage"/> if the head
    /// is damaged.</returns>
    public Task<ErrorCode> DeleteAsync(CancellationToken cancellation) => _chain.DeleteAsync(cancellation);

    /// <summary>Takes no more appends, waits for the chunk under way, fails what is behind it, and forgets everything.</summary>
    public ValueTask DisposeAsync() => _chain.DisposeAsync();

    private static ValueTask<LogRead> Nothing(ErrorCode error, Offset from) => new(new LogRead(error, [], from, 0));

    private ErrorCode Problem(long bytes, long offsets) =>
        _chain.IsClosed ? _chain.ClosedError
        : !_chain.Leads ? ErrorCode.NotLeaderOrFollower
        : bytes > Limits.BatchBytes || offsets > ChainState.MaxChunkPositions ? ErrorCode.RecordListTooLarge
        : ErrorCode.None;

    private void AssertInvariants() => Invariant.Check(
        LogStartOffset <= DurableEndOffset && DurableEndOffset <= LogEndOffset, "start <= durable end <= end");
}
