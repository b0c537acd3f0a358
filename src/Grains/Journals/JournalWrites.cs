using Loire.Log.Journals;

namespace Loire.Grains.Journals;

/// <summary>
/// Writes changes that the state already contains. One write is in flight at a time, and the changes made meanwhile share the next one, so
/// a thousand small changes cost a few writes. After the first failure the state is ahead of what is durable: nothing more is written, and
/// every pending change fails.
/// </summary>
/// <param name="journal">An open journal; nothing else appends to it.</param>
/// <param name="snapshot">Encodes the current state, pending changes included.</param>
/// <param name="superseded">The error of a change when the journal has another owner, or after a bug.</param>
/// <param name="failed">Invoked once, with the error that stops all writes, and the exception if it is a bug.</param>
internal sealed class JournalWrites(
    Journal journal, Func<ReadOnlyMemory<byte>> snapshot, ErrorCode superseded, Action<ErrorCode, Exception?> failed)
{
    // The most bytes of one write, unless a single change is larger.
    private const int WriteBytes = 8 * 1024 * 1024;

    private readonly Queue<Change> _pending = new();
    private ErrorCode _failure;
    private bool _isWriting;

    private sealed record Change(IReadOnlyList<ReadOnlyMemory<byte>> Records, long Bytes)
    {
        public TaskCompletionSource<ErrorCode> Fate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Completes when every change so far is durable, or with the error that keeps it from becoming durable.</summary>
    public Task<ErrorCode> Durable { get; private set; } = Task.FromResult(ErrorCode.None);

    /// <summary>Bytes that are not durable yet.</summary>
    public long PendingBytes { get; private set; }

    /// <summary>Makes a change durable, all its records or none; completes when the outcome is known. Changes stay in order.</summary>
    public Task<ErrorCode> Append(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        if (records.Count == 0)
        {
            return Durable;
        }

        var change = new Change(records, records.Sum(record => (long)record.Length));
        _pending.Enqueue(change);
        PendingBytes += change.Bytes;
        Durable = change.Fate.Task;
        if (!_isWriting)
        {
            _ = WriteAsync();
        }

        return change.Fate.Task;
    }

    /// <summary>Waits for the changes so far; later ones fail.</summary>
    public async Task StopAsync()
    {
        await Durable;
        _failure = _failure == ErrorCode.None ? superseded : _failure;
    }

    private async Task WriteAsync()
    {
        _isWriting = true;
        while (_pending.Count > 0)
        {
            // The snapshot contains every pending change, so they become durable with it.
            var asSnapshot = journal.WantsSnapshot;
            var changes = Take(all: asSnapshot);
            if (_failure == ErrorCode.None)
            {
                var (error, bug) = await TryWriteAsync(asSnapshot, changes);
                if (error != ErrorCode.None)
                {
                    _failure = error == ErrorCode.NotLeaderOrFollower ? superseded : error;
                    failed(_failure, bug);
                }
            }

            foreach (var change in changes)
            {
                PendingBytes -= change.Bytes;
                change.Fate.SetResult(_failure);
            }
        }

        _isWriting = false;
    }

    private async Task<(ErrorCode Error, Exception? Bug)> TryWriteAsync(bool asSnapshot, List<Change> changes)
    {
        try
        {
            return (asSnapshot
                ? await journal.SnapshotAsync(snapshot())
                : await journal.AppendAsync([.. changes.SelectMany(change => change.Records)]), null);
        }
        catch (Exception bug)
        {
            return (ErrorCode.NotLeaderOrFollower, bug);
        }
    }

    private List<Change> Take(bool all)
    {
        var (changes, bytes) = (new List<Change>(), 0L);
        while (_pending.TryPeek(out var next) && (all || changes.Count == 0 || bytes + next.Bytes <= WriteBytes))
        {
            bytes += next.Bytes;
            changes.Add(_pending.Dequeue());
        }

        return changes;
    }
}
