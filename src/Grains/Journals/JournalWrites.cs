using Loire.Log.Journals;

namespace Loire.Grains.Journals;

/// <summary>
/// Writes changes that a state has already. One write is under way at a time, and the changes that come meanwhile share the next one, so a
/// thousand small changes cost a few writes. After the first failure the state is ahead of what is durable: nothing more is written, and
/// every change that waits fails.
/// </summary>
/// <param name="journal">An open journal, which only this appends to.</param>
/// <param name="snapshot">The bytes of the whole state now, with every change that waits.</param>
/// <param name="superseded">What a change fails with when the journal has another owner, or after a bug.</param>
/// <param name="failed">Invoked once with the reason why nothing more is written, and the exception if that is a bug.</param>
internal sealed class JournalWrites(
    Journal journal, Func<ReadOnlyMemory<byte>> snapshot, ErrorCode superseded, Action<ErrorCode, Exception?> failed)
{
    // One write carries at most this much unless a single change is larger.
    private const int WriteBytes = 8 * 1024 * 1024;

    private readonly Queue<Change> _pending = new();
    private ErrorCode _failure;
    private bool _isWriting;

    private sealed record Change(IReadOnlyList<ReadOnlyMemory<byte>> Records, long Bytes)
    {
        public TaskCompletionSource<ErrorCode> Fate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Ends when every change so far is durable, or with the reason why it never will be.</summary>
    public Task<ErrorCode> Durable { get; private set; } = Task.FromResult(ErrorCode.None);

    /// <summary>Bytes that are not durable yet.</summary>
    public long PendingBytes { get; private set; }

    /// <summary>Makes a change durable, all its records or none; ends when its fate is known. Changes keep their order.</summary>
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

    /// <summary>Waits for the changes so far; those that come later fail.</summary>
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
            // A snapshot holds every change that waits, so they are durable with it.
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
