using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Partitions;

/// <summary>
/// The ordered log of one partition in grain storage: it assigns offsets, makes batches durable in their order, and reads them back byte
/// for byte. Not thread-safe: every call and every continuation runs on its owner's scheduler. Several owners of one log may exist by
/// mistake; storage lets only the one with the newest leader epoch append, and the others close. When storage is broken or the outcome of a
/// write stays unknown beyond the deadline, the log closes, invokes <see cref="Closed"/> once, and serves nothing more; a new instance
/// recovers the durable state.
/// </summary>
public sealed class PartitionLog : IAsyncDisposable
{
    private readonly Chain _chain;
    private readonly BatchReader _reader;
    private readonly PartWalk _parts;
    private readonly uint _tag;
    private Item[] _items = [];

    /// <summary>Creates a log that is not open yet.</summary>
    /// <param name="storage">Stores the objects of the log.</param>
    /// <param name="id">Names the log among all logs of the storage: <c>{topic id as 32 digits}/{partition}</c>.</param>
    /// <param name="writer">A random id that no other instance has used; it marks the writes of this one.</param>
    /// <param name="options">The bounds of the log.</param>
    /// <param name="cache">The cache shared by the logs of a silo.</param>
    /// <param name="time">The clock of waits and deadlines.</param>
    public PartitionLog(IGrainStorage storage, string id, Guid writer, PartitionLogOptions options, ObjectCache cache, TimeProvider time)
    {
        _chain = new Chain(storage, id, writer, options, BatchFormat.Instance, cache, time, isNameReused: false);
        _reader = new BatchReader(_chain);
        _parts = new PartWalk(_chain);
        _tag = new LogName(id).Tag;
    }

    /// <summary>Whether this instance has taken an epoch and may append.</summary>
    public bool IsLeader => _chain.Leads;

    /// <summary>The epoch that this instance took, or that of the last writer as far as it is known.</summary>
    public LeaderEpoch Epoch => _chain.Epoch;

    /// <summary>The first offset that can be read.</summary>
    public Offset LogStartOffset => _chain.IsOpen ? _chain.State.Head.Start : Offset.Zero;

    /// <summary>The offset up to which the log is durable and readable, exclusive.</summary>
    public Offset DurableEndOffset => _chain.IsOpen ? _chain.State.Durable : Offset.Zero;

    /// <summary>The offset that the next record gets.</summary>
    public Offset LogEndOffset => _chain.IsOpen ? _chain.End : Offset.Zero;

    /// <summary>Bytes of batches that wait for storage.</summary>
    public long PendingBytes => _chain.PendingBytes;

    /// <summary>A human-readable reason why the log closed itself; null if it has not.</summary>
    public string? CloseReason => _chain.CloseReason;

    /// <summary>
    /// Invoked on the owner's scheduler whenever <see cref="DurableEndOffset"/> has advanced; never synchronously within a call of the
    /// log.
    /// </summary>
    public Action? Advanced
    {
        get => _chain.Advanced;
        set => _chain.Advanced = value;
    }

    /// <summary>
    /// Invoked on the owner's scheduler for pending appends that will never be durable, with their first offset, the offset after their
    /// last one, and the result of <see cref="PendingAppend.Committed"/>. Their offsets may be assigned again.
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

    /// <summary>
    /// Invoked once when the log has closed itself: superseded, broken storage, or an unknown outcome. The owner drops this instance.
    /// </summary>
    public Action<ErrorCode>? Closed
    {
        get => _chain.ClosedItself;
        set => _chain.ClosedItself = value;
    }

    /// <summary>
    /// Reads the head and the chunks after the last segment: a bounded amount for a log of any length. An absent log is empty.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now;
    /// <see cref="ErrorCode.CorruptMessage"/> if the head is damaged or missing; <see cref="ErrorCode.UnknownTopicOrPartition"/> if the log
    /// is being deleted. After an error it may be called again.
    /// </returns>
    public Task<ErrorCode> OpenAsync(CancellationToken cancellation) => _chain.OpenAsync(cancellation);

    /// <summary>Whether the log has been written to by any owner, as far as this instance knows; it must be open.</summary>
    public bool Exists => _chain.State.HeadETag is not null;

    /// <summary>How long ago this instance is known to have had every durable record; the greatest value if it never had.</summary>
    public TimeSpan Age => _chain.HeadRefresh.Age;

    /// <summary>
    /// Ensures that this instance knows every record that was durable <paramref name="maxAge"/> ago; with zero, at the time of the call.
    /// Required before an answer that depends on the end of the log, because another owner may have appended. It reads one object, or two
    /// on an instance that does not lead, unless storage was read or written within that time.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now;
    /// <see cref="ErrorCode.CorruptMessage"/> if it is damaged; <see cref="ErrorCode.NotLeaderOrFollower"/> once the log is closed, as it
    /// is after another owner took a newer epoch than this one's.</returns>
    public ValueTask<ErrorCode> EnsureNewestAsync(TimeSpan maxAge) => _chain.HeadRefresh.EnsureNewestAsync(maxAge);

    /// <summary>
    /// Takes the next leader epoch, which keeps earlier writers from appending; required before the first append. Chunks that an earlier
    /// writer stored in the meantime become part of the log. Does nothing if this instance leads already.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, <see cref="ErrorCode.NotLeaderOrFollower"/> if a newer writer exists, or a storage error as
    /// for appends.</returns>
    public Task<ErrorCode> BecomeLeaderAsync(CancellationToken cancellation) => _chain.TakeEpochAsync(cancellation);

    /// <summary>
    /// Assigns offsets to the batches in order and queues them for one chunk. Never waits: a caller bounds memory by awaiting
    /// <see cref="WaitForRoomAsync"/> first. If nothing can be appended, the offsets are meaningless and
    /// <see cref="PendingAppend.Committed"/> has the error: besides those named there,
    /// <see cref="ErrorCode.RecordListTooLarge"/> if the batches are larger than <see cref="Limits.BatchBytes"/> together.
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
    /// Waits until <paramref name="bytes"/> more may be pending. An append larger than the bound waits until nothing else is pending.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, or the error that keeps the log from accepting appends.</returns>
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
    /// Finds the first batch whose greatest timestamp is at or after <paramref name="timestamp"/>; no pieces if there is none. If the log starts
    /// within that batch, the next such batch follows it, or the end is the durable end if there is none. The errors are those of
    /// <see cref="ReadAsync"/>; if the batch might lie in damaged bytes, <see cref="ErrorCode.CorruptMessage"/>.
    /// </summary>
    public ValueTask<LogRead> FindBatchAsync(Timestamp timestamp, CancellationToken cancellation) =>
        _chain.IsClosed ? Nothing(_chain.ClosedError, DurableEndOffset) : _reader.FindAsync(timestamp, LogStartOffset, cancellation);

    /// <summary>
    /// Moves the first offset that can be read. Whole objects below it are deleted in the background, by this leader or a later one. Nothing is
    /// done if the log starts there or later already.
    /// </summary>
    /// <param name="to">The new first offset, at most <see cref="DurableEndOffset"/>; it may lie within a batch.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/> once the move is durable; <see cref="ErrorCode.OffsetOutOfRange"/> beyond the durable end;
    /// <see cref="ErrorCode.NotLeaderOrFollower"/> on an instance that does not lead; a storage error as for appends, after which the move may
    /// still have happened if the log has closed.
    /// </returns>
    public async Task<ErrorCode> TrimAsync(Offset to) =>
        ProblemOfLeader() is not ErrorCode.None and var error ? error
        : to > DurableEndOffset ? ErrorCode.OffsetOutOfRange
        : await _chain.SegmentMaintenance.TrimAsync(to);

    /// <summary>How far compaction has come, as the head says; zero if the log was never compacted.</summary>
    public CompactionMark Compaction => _chain.IsOpen ? _chain.State.Head.Compaction.From(LogStartOffset) : default;

    /// <summary>Where the listed objects end. What lies after is the tail, which is never rewritten.</summary>
    public Offset ListedEndOffset => _chain.IsOpen ? _chain.State.Head.TailBase : Offset.Zero;

    /// <summary>Lists what is durable, so that it can be rewritten: afterwards <see cref="ListedEndOffset"/> is where the durable end was.</summary>
    /// <returns>The errors of <see cref="TrimAsync"/>.</returns>
    public Task<ErrorCode> SealAsync() =>
        ProblemOfLeader() is not ErrorCode.None and var error ? Task.FromResult(error) : _chain.SegmentMaintenance.SealAsync();

    /// <summary>
    /// Leaves few objects of a log that is no longer written: merges what waits to be merged together with later records, unless records are
    /// appended meanwhile.
    /// </summary>
    /// <returns>The errors of <see cref="TrimAsync"/>; nothing is done on an instance that does not lead.</returns>
    public Task<ErrorCode> MergeAsync() =>
        _chain.IsClosed ? Task.FromResult(_chain.ClosedError)
        : _chain.Leads ? _chain.SegmentMaintenance.MergeAsync() : Task.FromResult(ErrorCode.None);

    /// <summary>The table of a kind that is stored beside the log; null if there is none.</summary>
    public LogTable? Table(TableKind kind) => _chain.IsOpen ? StoredTables.Complete(_chain.State.Head, kind)?.Table : null;

    /// <summary>Reads a page of a stored table.</summary>
    /// <param name="table">The table, as <see cref="Table"/> gave it.</param>
    /// <param name="page">The number of the page, from 0.</param>
    /// <param name="caches">Whether others are likely to read the page soon.</param>
    /// <returns>The page as it was written; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now,
    /// <see cref="ErrorCode.CorruptMessage"/> if the page is damaged or lost, <see cref="ErrorCode.OffsetNotAvailable"/> if <see cref="Table"/> is another
    /// one by now, or the error of a closed log.</returns>
    public ValueTask<(ErrorCode Error, ReadOnlyMemory<byte> Bytes)> ReadTableAsync(LogTable table, int page, bool caches) =>
        _chain.IsClosed ? new((_chain.ClosedError, default)) : _chain.SegmentMaintenance.Tables.ReadAsync(table, page, caches);

    /// <summary>
    /// Writes the next pages of a table, which takes the place of the one of its kind with its last page. Merging, trimming and rewriting wait meanwhile,
    /// so the pages of one call should be few megabytes.
    /// </summary>
    /// <param name="table">The table; it ends at or before <see cref="DurableEndOffset"/>.</param>
    /// <param name="from">The number of the first page; 0 begins a table, and discards what was begun before.</param>
    /// <param name="pages">The pages, at least one.</param>
    /// <param name="mark">The progress of compaction, which is stored together with the last page; null if it stays.</param>
    /// <returns>The errors of <see cref="TrimAsync"/>; <see cref="ErrorCode.KafkaStorageError"/> also while storage refuses deletions, so that no
    /// table should be replaced; a first one of its kind is written.</returns>
    public Task<ErrorCode> WriteTableAsync(LogTable table, int from, IReadOnlyList<ReadOnlyMemory<byte>> pages, CompactionMark? mark = null) =>
        ProblemOfLeader() is not ErrorCode.None and var error
            ? Task.FromResult(error)
            : _chain.SegmentMaintenance.WriteTableAsync(table, from, pages, mark);

    /// <summary>Makes the progress of compaction durable, for this owner and later ones.</summary>
    /// <param name="mark">The mark; it ends at or before <see cref="ListedEndOffset"/>.</param>
    /// <returns>The errors of <see cref="TrimAsync"/>.</returns>
    public Task<ErrorCode> MarkCompactionAsync(CompactionMark mark) =>
        ProblemOfLeader() is not ErrorCode.None and var error ? Task.FromResult(error) : _chain.SegmentMaintenance.MarkCompactionAsync(mark);

    /// <summary>
    /// Rewrites the batches of adjacent listed objects, a bounded number for each call, and replaces those objects by fewer ones in one write of the
    /// head. Appends and reads continue; merging, trimming and sealing wait, and get their turn between two calls. No offset moves.
    /// An error leaves the log as it was.
    /// </summary>
    /// <param name="from">The first object is the one that holds this offset or follows it.</param>
    /// <param name="to">Objects that end after this offset stay as they are; at most <see cref="ListedEndOffset"/>.</param>
    /// <param name="rewrite">
    /// Returns what replaces the batches of one object, in order; called for one object after the other, on the owner's scheduler. It may await, but
    /// neither move the start, seal, mark nor rewrite.
    /// </param>
    /// <param name="mark">
    /// The mark to store together with the change, given <see cref="RewriteStep.Next"/>. A step that changes no batch and needs no fewer objects
    /// writes nothing, and no mark either.
    /// </param>
    /// <returns>
    /// What was done; <see cref="RewriteStep.Next"/> is <paramref name="to"/> once nothing is left before it. <see cref="ErrorCode.CorruptMessage"/>
    /// if an object is damaged; <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read, refuses a write, or refuses deletions so that
    /// nothing more should be replaced; the error of <paramref name="rewrite"/>; the errors of <see cref="TrimAsync"/>.
    /// </returns>
    public Task<RewriteStep> RewriteAsync(
        Offset from,
        Offset to,
        Func<IReadOnlyList<ReadOnlyMemory<byte>>, Task<RewrittenBatches>> rewrite,
        Func<Offset, CompactionMark> mark) =>
        ProblemOfLeader() is not ErrorCode.None and var error
            ? Task.FromResult(new RewriteStep(error, from))
            : _chain.SegmentMaintenance.RewriteAsync(from, to, new BatchRewriter(rewrite, _tag).RewriteAsync, mark);

    /// <summary>
    /// The bytes of the log in the store, without its index: of a long log the index is read, once in the life of this instance.
    /// </summary>
    /// <returns>The bytes; or <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now, and the error of a closed log.</returns>
    public ValueTask<(ErrorCode Error, long Bytes)> SizeAsync() => _chain.IsClosed ? new((_chain.ClosedError, 0)) : _parts.SizeAsync();

    /// <summary>
    /// Measures what can be read of the log: of a long log the index is read, once in the life of this instance, and its oldest page each time.
    /// </summary>
    /// <returns>The size, or the errors of <see cref="SizeAsync"/>.</returns>
    public ValueTask<(ErrorCode Error, LogSize Size)> MeasureAsync() =>
        _chain.IsClosed ? new((_chain.ClosedError, LogSize.None)) : _parts.MeasureAsync(LogStartOffset);

    /// <summary>Visits the parts of the log from the oldest on, those that are about to be deleted included.</summary>
    /// <returns>The errors of <see cref="SizeAsync"/>.</returns>
    public ValueTask<ErrorCode> WalkAsync(Func<LogPart, LogWalkStep> visit) => _chain.IsClosed ? new(_chain.ClosedError) : _parts.WalkAsync(visit);

    /// <summary>The merging, dropping and deleting that is under way; never throws.</summary>
    internal Task Maintenance => _chain.SegmentMaintenance.Running;

    /// <summary>
    /// Deletes every object of the log, the head last. May be called on an instance that is not open, and again after a failure. A
    /// concurrent writer is fenced, and this instance is closed.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/> once nothing is left, or a storage error; <see cref="ErrorCode.CorruptMessage"/> if the head
    /// is damaged.</returns>
    public Task<ErrorCode> DeleteAsync(CancellationToken cancellation) => _chain.DeleteAsync(cancellation);

    /// <summary>Stops accepting appends, waits for the chunk in flight, and fails the appends queued behind it.</summary>
    public ValueTask DisposeAsync() => _chain.DisposeAsync();

    private static ValueTask<LogRead> Nothing(ErrorCode error, Offset from) => new(new LogRead(error, [], from, 0));

    private ErrorCode ProblemOfLeader() =>
        _chain.IsClosed ? _chain.ClosedError : _chain.Leads ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;

    private ErrorCode Problem(long bytes, long offsets) =>
        ProblemOfLeader() is not ErrorCode.None and var error ? error
        : bytes > Limits.BatchBytes || offsets > ChainState.MaxChunkPositions ? ErrorCode.RecordListTooLarge
        : ErrorCode.None;

    private void AssertInvariants() => Invariant.Check(
        LogStartOffset <= DurableEndOffset && DurableEndOffset <= LogEndOffset, "start <= durable end <= end");
}
