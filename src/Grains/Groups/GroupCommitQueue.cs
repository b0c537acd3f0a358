using Loire.Log;

namespace Loire.Grains.Groups;

/// <summary>
/// Makes changes of a state durable that has them already. One write is under way at a time, and all that comes meanwhile is the next one,
/// so a thousand small changes cost a few writes. After the first failure the state is ahead of what is durable: nothing more is written, all
/// that waits has failed, and the owner throws the state away.
/// </summary>
/// <param name="journal">An open journal, which only this appends to.</param>
/// <param name="snapshot">The whole state now, everything that waits included.</param>
/// <param name="failed">Told once why nothing more is written, and the exception if that is a bug.</param>
internal sealed class GroupCommitQueue(Journal journal, Func<ReadOnlyMemory<byte>> snapshot, Action<ErrorCode, Exception?> failed)
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

    /// <summary>Ends when everything so far is durable, or with the reason why it never will be.</summary>
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

    /// <summary>Waits for what is under way and writes nothing more.</summary>
    public async Task StopAsync()
    {
        await Durable;
        _failure = _failure == ErrorCode.None ? ErrorCode.NotCoordinator : _failure;
    }

    private async Task WriteAsync()
    {
        _isWriting = true;
        while (_pending.Count > 0)
        {
            // A snapshot holds all that is applied, and so all that waits: what waits is durable with it.
            var asSnapshot = journal.WantsSnapshot;
            var changes = Take(all: asSnapshot);
            if (_failure == ErrorCode.None)
            {
                var (error, bug) = await TryWriteAsync(asSnapshot, changes);
                if (error != ErrorCode.None)
                {
                    _failure = error == ErrorCode.NotLeaderOrFollower ? ErrorCode.NotCoordinator : error;
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
            return (ErrorCode.CoordinatorNotAvailable, bug);
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
