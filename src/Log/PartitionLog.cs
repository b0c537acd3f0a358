using Loire.Model;
using Orleans.Storage;

namespace Loire.Log;

/// <summary>
/// The ordered log of one partition in grain storage: it assigns offsets, makes batches durable in their order, and reads them back byte for byte. Not
/// thread-safe: every call and every continuation runs on its owner's scheduler. Several owners of one log may exist by mistake; storage lets only the one
/// with the newest leader epoch append, and the others close. When storage is broken or the outcome of a write stays unknown beyond the deadline, the log
/// closes, says so once through <see cref="Closed"/>, and serves nothing more; a new instance recovers what is durable.
/// </summary>
public sealed class PartitionLog : IAsyncDisposable
{
    /// <summary>A log that is not opened yet.</summary>
    /// <param name="storage">Keeps the objects.</param>
    /// <param name="id">Names the log among all logs of the storage: <c>{topic id as 32 digits}/{partition}</c>.</param>
    /// <param name="writer">Random and never used before: tells this instance's writes from all others'.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="cache">Shared by the logs of a silo.</param>
    /// <param name="time">For waits and deadlines only.</param>
    public PartitionLog(IGrainStorage storage, string id, Guid writer, PartitionLogOptions options, ObjectCache cache, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (options.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        _ = writer;
    }

    /// <summary>Whether this instance has taken an epoch and may append.</summary>
    public bool IsLeader { get; private set; }

    /// <summary>The epoch that this instance took, or that of the last writer as far as it is known.</summary>
    public LeaderEpoch Epoch { get; private set; } = LeaderEpoch.None;

    /// <summary>The first offset that can be read.</summary>
    public Offset LogStartOffset { get; private set; }

    /// <summary>Every offset before it is durable; what a read sees.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>The offset that the next record gets.</summary>
    public Offset LogEndOffset { get; private set; }

    /// <summary>Bytes of batches that wait for storage.</summary>
    public long PendingBytes { get; private set; }

    /// <summary>Invoked on the owner's scheduler whenever <see cref="HighWatermark"/> has advanced.</summary>
    public Action? Committed { get; set; }

    /// <summary>Invoked once when the log has closed by itself: superseded, broken, or in doubt. The owner drops this instance.</summary>
    public Action<ErrorCode>? Closed { get; set; }

    /// <summary>Reads the head and the chunks after the last segment: a bounded amount, however long the log is. An absent log is an empty one.</summary>
    /// <returns><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read.</returns>
    public Task<ErrorCode> OpenAsync(CancellationToken cancellation) => Task.FromResult(ErrorCode.None);

    /// <summary>
    /// Takes the next leader epoch, so that no earlier writer can append any more; needed before the first append. Chunks that an earlier writer stored in the
    /// meantime become part of the log. Does nothing if the epoch is taken already.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>, <see cref="ErrorCode.NotLeaderOrFollower"/> if a newer writer exists, or a storage error as for appends.</returns>
    public Task<ErrorCode> BecomeLeaderAsync(CancellationToken cancellation) => Task.FromResult(ErrorCode.None);

    /// <summary>
    /// Gives the batches their offsets, one after the other, and queues them for the next chunk: all of them get into the same chunk or none. Does not wait:
    /// whoever wants bounded memory awaits <see cref="WaitForRoomAsync"/> before.
    /// </summary>
    public PendingAppend Append(ReadOnlySpan<BatchToAppend> batches) => new(Offset.None, Offset.None, Task.FromResult(ErrorCode.None));

    /// <summary>Waits until <paramref name="bytes"/> more may be pending. One append larger than the bound waits until nothing else is pending.</summary>
    /// <returns><see cref="ErrorCode.None"/>, or why the log takes no appends.</returns>
    public ValueTask<ErrorCode> WaitForRoomAsync(long bytes, CancellationToken cancellation) => new(ErrorCode.None);

    /// <summary>
    /// Reads whole batches from the one that contains <paramref name="from"/> up to the high watermark: as many as fit <paramref name="maxBytes"/>, the first
    /// one always. At the high watermark the result is empty.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.OffsetOutOfRange"/> outside the log, <see cref="ErrorCode.CorruptMessage"/> where the stored bytes are damaged,
    /// <see cref="ErrorCode.KafkaStorageError"/> where they cannot be read now.
    /// </returns>
    public ValueTask<LogRead> ReadAsync(Offset from, int maxBytes, CancellationToken cancellation) => new(new LogRead(ErrorCode.None, [], from, 0));

    /// <summary>Finds the first batch whose greatest timestamp is at or after <paramref name="timestamp"/>; no pieces if there is none.</summary>
    public ValueTask<LogRead> FindBatchAsync(Timestamp timestamp, CancellationToken cancellation) =>
        new(new LogRead(ErrorCode.None, [], HighWatermark, 0));

    /// <summary>
    /// Deletes every object of the log, the head last. May be called on an instance that is not opened, and again after any failure. A writer that races is
    /// fenced; this instance is closed afterwards.
    /// </summary>
    public Task<ErrorCode> DeleteAsync(CancellationToken cancellation) => Task.FromResult(ErrorCode.None);

    /// <summary>Takes no more appends, waits for the chunk under way, fails what is behind it, and forgets everything.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
