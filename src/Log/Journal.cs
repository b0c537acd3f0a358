using Orleans.Storage;

namespace Loire.Log;

/// <summary>
/// The durable state of one small grain: records appended one after the other, and now and then a snapshot that replaces all records before it. Opening
/// replays the newest snapshot and the records after it. Not thread-safe: every call and continuation runs on its owner's scheduler. Of two owners by mistake
/// only the newer can append; the other gets <see cref="ErrorCode.NotLeaderOrFollower"/> and must be dropped, since its state is stale.
/// </summary>
public sealed class Journal : IAsyncDisposable
{
    /// <summary>A journal that is not opened yet; the parameters are those of <see cref="PartitionLog"/>.</summary>
    public Journal(IGrainStorage storage, string id, Guid writer, JournalOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (options.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        _ = writer;
    }

    /// <summary>Whether so much was appended since the last snapshot that a new one is worth its write.</summary>
    public bool WantsSnapshot { get; private set; }

    /// <summary>Invoked once when the journal has closed by itself: superseded, broken, or in doubt. The owner drops this instance.</summary>
    public Action<ErrorCode>? Closed { get; set; }

    /// <summary>Replays what is durable: <paramref name="snapshot"/> at most once and first, then <paramref name="record"/> for each record in order.</summary>
    /// <returns><see cref="ErrorCode.None"/>, <see cref="ErrorCode.CorruptMessage"/>, or a storage error; then the replayed state is not to be used.</returns>
    public Task<ErrorCode> OpenAsync(Action<ReadOnlySpan<byte>> snapshot, Action<ReadOnlySpan<byte>> record) => Task.FromResult(ErrorCode.None);

    /// <summary>Appends records, all or none, and ends when their fate is known; the errors are those of <see cref="PendingAppend.Committed"/>.</summary>
    public Task<ErrorCode> AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> records) => Task.FromResult(ErrorCode.None);

    /// <summary>Stores a snapshot of the state after every record appended so far, and lets go of the records. Nothing may be pending.</summary>
    public Task<ErrorCode> SnapshotAsync(ReadOnlyMemory<byte> snapshot) => Task.FromResult(ErrorCode.None);

    /// <summary>Deletes the journal as <see cref="PartitionLog.DeleteAsync"/> does.</summary>
    public Task<ErrorCode> DeleteAsync() => Task.FromResult(ErrorCode.None);

    /// <summary>Waits for the write under way and forgets everything.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
