using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Executes <see cref="MaintenancePlan"/>s on the owner's scheduler, one at a time and concurrently with appends, while this instance
/// leads: writes the new parts, then the head that lists them, then deletes what they replace. A crash between any two steps leaves a chain
/// with the same content. While the store is full it waits and retries; a broken store or an unknown outcome closes the chain. What storage
/// refuses to delete waits in the head and is tried again after a while; once much waits, nothing more is replaced, so that the chain
/// continues without adding garbage.
/// </summary>
internal sealed class SegmentMaintenance(Chain chain, ChainObjects store, ObjectLoader loader)
{
    private const int MaxGarbageItems = 256;
    private const int FailuresPerPass = 4;
    private static readonly TimeSpan _deletionRetryDelay = TimeSpan.FromSeconds(30);

    private readonly GarbageDisposal _disposal = new(store, loader);
    private readonly PartWriter _parts = new(chain, store);
    private StoredTables? _tables;
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Offset _quietEnd = Offset.None;
    private int _disposedView = -1;
    private int _failedPasses;
    private bool _isCounted;
    private Task _retrying = Task.CompletedTask;

    /// <summary>The tables that are stored beside the log.</summary>
    public StoredTables Tables => _tables ??= new StoredTables(chain, _parts, loader, store.Name);

    /// <summary>The running step; never throws.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Whether storage refuses the writes of maintenance.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Completes when the next step has completed or has been refused.</summary>
    public Task Progress => _progress.Task;

    /// <summary>Whether so much waits for its deletion that nothing more should be replaced.</summary>
    public bool IsGarbageFull => chain.State.Garbage.Count > MaxGarbageItems;

    private bool IsDue => chain.Leads && !chain.IsClosed && (HasNewGarbage || NextPlan() is not null);

    /// <summary>Retries failed deletions once the head has changed.</summary>
    private bool HasNewGarbage => chain.State.Garbage.Count > 0 && _disposedView != chain.State.View;

    /// <summary>Starts the next step if one is due and none is running.</summary>
    public void Poke()
    {
        if (Running.IsCompleted && IsDue)
        {
            Running = RunAsync();
        }
    }

    /// <summary>
    /// Counts the chain in or out among those whose deletions storage refuses. One failure may be a passing one; two in a row are worth an
    /// operator's look. Called after each pass, and when the chain has closed.
    /// </summary>
    public void CountRefusal()
    {
        var isRefused = !chain.IsClosed && _failedPasses > 1;
        if (isRefused != _isCounted)
        {
            _isCounted = isRefused;
            chain.Options.Metrics.CountRefusedDeletions(isRefused ? 1 : -1);
        }
    }

    /// <summary>
    /// Replaces all durable items by a snapshot. No step may be running and nothing may be pending.
    /// </summary>
    public async Task<ErrorCode> SnapshotAsync(ReadOnlyMemory<byte> snapshot)
    {
        var work = new SnapshotWriter(chain, _parts, loader, store.Name).WriteAsync(snapshot);
        Running = work;
        var error = await work;
        Poke();
        return error;
    }

    /// <summary>
    /// Moves the first position that can be read, at most to the durable end. That is one write of the head; what lies below is dropped by the
    /// next steps, also by those of a later leader.
    /// </summary>
    public async Task<ErrorCode> TrimAsync(Offset to)
    {
        await SettleAsync();
        return chain.IsClosed ? chain.ClosedError
            : to <= chain.State.Head.Start ? ErrorCode.None
            : await RunAloneAsync(MoveStartAsync(to));
    }

    /// <summary>Lists the chunks of the tail as they are, so that they can be rewritten. That is one write of the head.</summary>
    public async Task<ErrorCode> SealAsync()
    {
        await SettleAsync();
        return chain.IsClosed ? chain.ClosedError
            : chain.State.Head.TailBase == chain.State.Durable ? ErrorCode.None
            : await RunAloneAsync(ListTailAsync(chain.State.Head.Start));
    }

    /// <summary>
    /// Merges the chunks that are not merged yet, for as long as nothing is appended, so that a log that is no longer written has few objects.
    /// </summary>
    public async Task<ErrorCode> MergeAsync()
    {
        _quietEnd = chain.State.Durable;
        Poke();
        await SettleAsync();
        return chain.IsClosed ? chain.ClosedError : ErrorCode.None;
    }

    /// <summary>Writes the progress of compaction to the head.</summary>
    public async Task<ErrorCode> MarkCompactionAsync(CompactionMark mark)
    {
        await SettleAsync();
        return chain.IsClosed ? chain.ClosedError : await RunAloneAsync(MarkAsync());

        async Task<ErrorCode> MarkAsync()
        {
            var outcome = await _parts.WriteHeadAsync(head => head.With(mark), [], 0);
            return outcome == WriteOutcome.Done ? ErrorCode.None : chain.Fail(outcome);
        }
    }

    /// <summary>Rewrites listed objects as <see cref="SegmentRewrite"/> does.</summary>
    public async Task<RewriteStep> RewriteAsync(
        Offset from, Offset to, Func<LogObject, Task<RewrittenObject>> rewrite, Func<Offset, CompactionMark> mark)
    {
        await SettleAsync();
        if (chain.IsClosed || IsGarbageFull)
        {
            return new RewriteStep(chain.IsClosed ? chain.ClosedError : ErrorCode.KafkaStorageError, from);
        }

        return await RunAloneAsync(new SegmentRewrite(chain, _parts, loader, store.Name).RunAsync(from, to, rewrite, mark));
    }

    /// <summary>Writes the next pages of a table as <see cref="StoredTables"/> does.</summary>
    public async Task<ErrorCode> WriteTableAsync(LogTable table, int from, IReadOnlyList<ReadOnlyMemory<byte>> pages, CompactionMark? mark)
    {
        await SettleAsync();
        return chain.IsClosed ? chain.ClosedError
            : IsGarbageFull && Array.Exists(chain.State.Head.Tables, stored => stored.Table.Kind == table.Kind) ? ErrorCode.KafkaStorageError
            : await RunAloneAsync(Tables.WriteAsync(table, from, pages, head => mark is { } reached ? head.With(reached) : head));
    }

    /// <summary>Retries a write while storage refuses it; any other failure closes the chain.</summary>
    public async Task<WriteOutcome> InsistAsync(Func<Task<WriteOutcome>> write)
    {
        var outcome = WriteOutcome.Refused;
        while (!chain.IsClosed && outcome == WriteOutcome.Refused)
        {
            outcome = await write();
            IsRefused = outcome == WriteOutcome.Refused;
            if (IsRefused)
            {
                SignalProgress();
                await chain.PauseAsync();
            }
            else if (outcome != WriteOutcome.Done)
            {
                _ = chain.Fail(outcome);
            }
        }

        return outcome;
    }

    /// <summary>Waits until no step is running.</summary>
    private async Task SettleAsync()
    {
        while (!Running.IsCompleted)
        {
            await Running;
        }
    }

    /// <summary>Excludes other steps until some work has ended, which begins with no step running. Those that are due then start.</summary>
    private async Task<T> RunAloneAsync<T>(Task<T> work)
    {
        Running = EndAsync();
        await Running;
        Poke();
        return await work;

        async Task EndAsync() =>
            await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private async Task<ErrorCode> MoveStartAsync(Offset to)
    {
        Invariant.Check(to <= chain.State.Durable, "only what is durable is dropped");
        if (to > chain.State.Head.TailBase)
        {
            return await ListTailAsync(to);
        }

        var outcome = await _parts.WriteHeadAsync(head => head with { Start = to }, [], 0);
        return outcome == WriteOutcome.Done ? ErrorCode.None : chain.Fail(outcome);
    }

    /// <summary>Lists the chunks of the tail as they are, in a head with the given start.</summary>
    private async Task<ErrorCode> ListTailAsync(Offset start)
    {
        var (chunks, list) = (chain.State.Tail.Count, chain.State.ListTail(chain.Options));
        var outcome = await _parts.WriteHeadAsync(head => list(head with { Start = start }), [], chunks);
        return outcome == WriteOutcome.Done ? ErrorCode.None : chain.Fail(outcome);
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            while (IsDue)
            {
                await DisposeGarbageAsync();
                if (NextPlan() is not { } plan)
                {
                    continue;
                }

                await new PlanExecution(chain, this, _parts, loader, store.Name).RunAsync(plan);
                SignalProgress();
            }
        }
        catch (Exception bug)
        {
            chain.Close(ErrorCode.UnknownServerError, bug.ToString());
        }

        SignalProgress();
    }

    private MaintenancePlan? NextPlan() => MaintenancePlan.Next(
        chain.State, chain.Options, mayReplace: !IsGarbageFull, isQuiet: chain.State.Durable == _quietEnd);

    private async Task DisposeGarbageAsync()
    {
        var state = chain.State;
        var (view, failures, all) = (state.View, 0, state.Garbage.ToArray());
        for (var done = 0; done < all.Length && !chain.IsClosed && failures < FailuresPerPass;)
        {
            if (done > 0 && MaintenancePlan.IsTailFull(state, chain.Options))
            {
                // Appends are about to wait for the tail; the rest follows.
                return;
            }

            var some = all.AsSpan(done, GarbageDisposal.AtOnce(all.AsSpan(done))).ToArray();
            var areGone = await Task.WhenAll(some.Select(_disposal.TryDeleteAsync));
            done += some.Length;
            for (var i = 0; i < some.Length; i++)
            {
                state.Garbage.Remove(some[i]);
                if (!areGone[i])
                {
                    // Behind the others, which get their turn in the next pass.
                    state.Garbage.Add(some[i]);
                    failures++;
                }
            }
        }

        _disposedView = view;
        _failedPasses = failures > 0 ? _failedPasses + 1 : 0;
        CountRefusal();
        if (failures > 0 && _retrying.IsCompleted)
        {
            _retrying = RetryAsync();
        }
    }

    /// <summary>Starts another pass after a while; ends early when the chain closes.</summary>
    private async Task RetryAsync()
    {
        await chain.PauseAsync(_deletionRetryDelay);
        _disposedView = -1;
        Poke();
    }

    private void SignalProgress()
    {
        var ended = _progress;
        _progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ended.SetResult();
    }
}
