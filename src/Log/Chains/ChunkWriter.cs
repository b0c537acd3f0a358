using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Writes pending chunks, one at a time and in order. The first write starts after the current turn, so that everything appended in one
/// turn shares a chunk, and no callback runs inside an append. The next ones start as soon as the one before is stored, or as
/// <see cref="ChainOptions.CommitInterval"/> says.
/// </summary>
internal sealed class ChunkWriter(Chain chain, ChainObjects store, AppendQueue queue, ItemFormat format, TimeProvider time)
{
    private readonly IndexBuilder _index = new();
    private TaskCompletionSource? _held;
    private TaskCompletionSource? _gathering;
    private long? _lastBegun;

    /// <summary>The loop that writes; never throws.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the loop that writes pending chunks, unless it is running.</summary>
    public void Start()
    {
        if (Running.IsCompleted)
        {
            Running = RunAsync();
        }
        else
        {
            Press();
        }
    }

    /// <summary>Ends the wait for more appends if it should end.</summary>
    public void Press()
    {
        if (queue.IsPressing)
        {
            _gathering?.TrySetResult();
        }
    }

    /// <summary>Pauses the loop after the chunk in flight until the result is disposed of.</summary>
    public IDisposable Hold()
    {
        Invariant.Check(_held is null, "one holds at a time");
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new Release(this);
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            while (!chain.IsClosed && !queue.IsEmpty)
            {
                if (_held is { } held)
                {
                    await held.Task;
                }
                else if (Left() is { } left)
                {
                    await GatherAsync(left);
                }
                else if (await TailHasRoomAsync())
                {
                    await WriteAsync(queue.Take());
                }
                else if (!chain.IsClosed)
                {
                    queue.Fail(ErrorCode.KafkaStorageError, ErrorCode.KafkaStorageError, chain.State.Durable);
                }
            }
        }
        catch (Exception bug)
        {
            queue.Fail(ErrorCode.UnknownServerError, ErrorCode.NotLeaderOrFollower, chain.State.Durable);
            chain.Close(ErrorCode.UnknownServerError, bug.ToString());
        }
    }

    /// <summary>How long the next write should still wait for more appends; null if it should not.</summary>
    private TimeSpan? Left() =>
        _lastBegun is { } last && chain.Options.CommitInterval - time.GetElapsedTime(last) is var left && left > TimeSpan.Zero && !queue.IsPressing ? left : null;

    private async Task GatherAsync(TimeSpan left)
    {
        _gathering = new TaskCompletionSource();
        await chain.PauseAsync(left, _gathering.Task);
        _gathering = null;

        // Not within the append that has ended the wait.
        await Task.Yield();
    }

    /// <summary>
    /// Waits while the tail is at its bound, which limits what opening reads, until maintenance has moved chunks out of it. If storage
    /// refuses the writes of maintenance, it has no space for this one either.
    /// </summary>
    private async ValueTask<bool> TailHasRoomAsync()
    {
        while (!chain.IsClosed
            && (chain.State.Tail.Count >= chain.Options.TailChunks || chain.State.TailBytes >= chain.Options.TailBytes))
        {
            if (chain.SegmentMaintenance.IsRefused)
            {
                return false;
            }

            var progress = chain.SegmentMaintenance.Progress;
            chain.SegmentMaintenance.Poke();
            await progress;
        }

        return !chain.IsClosed;
    }

    private async Task WriteAsync(PendingChunk chunk)
    {
        var state = chain.State;
        Invariant.Check(chunk.Base == state.Durable, "a chunk begins where the durable positions end");
        var header = new ObjectHeader
        {
            Kind = ObjectKind.Chunk,
            FirstOrdinal = state.NextOrdinal,
            LastOrdinal = state.NextOrdinal,
            Epoch = chain.Epoch,
            Writer = chain.Writer,
            Base = chunk.Base,
            Link = state.LastHash,
        };
        var key = ObjectKey.Chunk(state.NextOrdinal);
        var written = ChunkLayout.Build(header, chunk.Items, format, store.Name.Tag, _index, out var stored);
        var start = time.GetTimestamp();
        _lastBegun = start;
        var result = await store.CreateAsync(key, stored);
        switch (result.Outcome)
        {
            case WriteOutcome.Done:
                Invariant.Check(state.TryAccept(written, result.ETag), "a chunk continues the chain");
                chain.Loader.Keep(key, written);

                // A newer leader's fence would be under this key, or this key below its fence.
                chain.HeadRefresh.Confirm(start);
                store.Metrics.Chunks.Add(1);
                store.Metrics.Written.Add(written.Bytes);
                store.Metrics.CommitDuration.Record(time.GetElapsedTime(chunk.QueuedAt).TotalSeconds);
                queue.Commit();
                chain.Announce();
                chain.SegmentMaintenance.Poke();
                break;
            case WriteOutcome.Refused:
                queue.Fail(ErrorCode.KafkaStorageError, ErrorCode.KafkaStorageError, state.Durable);
                chain.Fail(result.Outcome);
                break;
            case WriteOutcome.Lost
                when LogObject.TryRead(result.Found, store.Name.Tag, null, out var found) && found!.Header.Epoch <= chain.Epoch:
                // No other writer can have written this after our fence: a chunk before it has vanished from storage.
                queue.Fail(ErrorCode.KafkaStorageError, ErrorCode.KafkaStorageError, state.Durable);
                chain.Close(ErrorCode.KafkaStorageError, $"Storage has a chunk {key} that no leader can have written there.");
                break;
            case WriteOutcome.Lost:
                queue.Fail(await FateOfLostAsync(key.Number, result), ErrorCode.NotLeaderOrFollower, state.Durable);
                chain.Fail(result.Outcome);
                break;
            default:
                // Nothing behind it was sent to storage.
                var fate = result.Outcome == WriteOutcome.InDoubt ? ErrorCode.RequestTimedOut : ErrorCode.KafkaStorageError;
                queue.Fail(fate, ErrorCode.NotLeaderOrFollower, state.Durable);
                chain.Fail(result.Outcome);
                break;
        }
    }

    /// <summary>
    /// A foreign chunk that is still in the tail, or a permanent fence, proves that ours is not stored. Anywhere else below the tail, ours
    /// may have been adopted, merged and deleted before it was read back.
    /// </summary>
    private async Task<ErrorCode> FateOfLostAsync(long ordinal, WriteResult lost)
    {
        var now = await store.ReadHeadAsync();
        var counts = now.Status == FetchStatus.Found && now.Head.Incarnation == chain.State.Head.Incarnation && (now.Head.TailOrdinal <= ordinal || now.Head.Fences.Contains(ordinal));
        return counts && !lost.Found.IsEmpty ? ErrorCode.NotLeaderOrFollower : ErrorCode.RequestTimedOut;
    }

    private sealed class Release(ChunkWriter writer) : IDisposable
    {
        public void Dispose()
        {
            writer._held?.SetResult();
            writer._held = null;
        }
    }
}
