using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Looks at storage for changes by other instances: before an answer that depends on where the log ends, and when an object is not where
/// this instance expects it (our maintenance has replaced it, another leader has, or it is lost).
/// </summary>
internal sealed class HeadRefresh(Chain chain, ChainObjects store, ChainRecovery recovery, TimeProvider time)
{
    private Task<ErrorCode>? _look;
    private Task<ErrorCode>? _nextLook;
    private long? _newestAt;

    /// <summary>
    /// Whether an instance that finds itself behind closes, instead of reading the chain again: its owner has derived a state from it.
    /// </summary>
    public bool ClosesWhenBehind { get; set; }

    /// <summary>How long ago this instance is known to have had every durable position; the greatest value if it never had.</summary>
    public TimeSpan Age => _newestAt is { } at ? time.GetElapsedTime(at) : TimeSpan.MaxValue;

    /// <summary>Records that this instance had every durable position at a timestamp of the clock.</summary>
    public void Confirm(long at) => _newestAt = at > (_newestAt ?? long.MinValue) ? at : _newestAt;

    /// <summary>
    /// Ensures that this instance knows every position that was durable <paramref name="maxAge"/> ago. With zero it looks at storage after
    /// the call; concurrent callers share a look. An instance that led and finds a newer leader closes.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/>; the chain's error once it is closed; <see cref="ErrorCode.KafkaStorageError"/> if storage
    /// cannot be read now; <see cref="ErrorCode.CorruptMessage"/> if the stored objects contradict each other.</returns>
    public ValueTask<ErrorCode> EnsureNewestAsync(TimeSpan maxAge) =>
        chain.IsClosed ? new(chain.ClosedError)
        : Age < maxAge ? new(ErrorCode.None)
        : new(LookFromNowAsync());

    // A look that is under way began before this call, so it may have missed what became durable in between.
    private Task<ErrorCode> LookFromNowAsync() =>
        _look is null or { IsCompleted: true } ? _look = LookAsync()
        : _nextLook ??= LookAfterAsync(_look);

    private async Task<ErrorCode> LookAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _nextLook = null;
        return await (_look = LookAsync());
    }

    private async Task<ErrorCode> LookAsync()
    {
        while (true)
        {
            await chain.EpochTaken;
            var seen = (chain.State, chain.State.View);
            var start = time.GetTimestamp();
            var isNewest = chain.IsClosed ? false : await IsNewestAsync();
            if (chain.IsClosed)
            {
                return chain.ClosedError;
            }

            if (isNewest is null)
            {
                return ErrorCode.KafkaStorageError;
            }

            if (isNewest == true)
            {
                Confirm(start);
                return ErrorCode.None;
            }

            if (chain.Leads || ClosesWhenBehind)
            {
                return chain.Fail(WriteOutcome.Lost);
            }

            start = time.GetTimestamp();
            var (error, read) = await recovery.ReadAsync(CancellationToken.None);
            if (chain.IsClosed)
            {
                return chain.ClosedError;
            }

            if (chain.IsTakingEpoch || chain.Leads || HasChanged(seen))
            {
                continue;
            }

            // Deleted, or created again.
            if (error == ErrorCode.UnknownTopicOrPartition
                || (seen.State.HeadETag is not null && read is not null && read.Head.Incarnation != seen.State.Head.Incarnation)
                || (seen.State.HeadETag is not null && read is { HeadETag: null }))
            {
                return chain.Fail(WriteOutcome.Lost);
            }

            if (read is null)
            {
                return error;
            }

            if (!chain.TryReplace(read))
            {
                return chain.ClosedError;
            }

            Confirm(start);
            return ErrorCode.None;
        }
    }

    /// <summary>
    /// Determines whether the chain has been rearranged since the state <paramref name="seen"/>. If another leader has done so, an instance
    /// that does not lead reads the chain again, and one that led closes. False if the object is lost; null if storage cannot be read now.
    /// </summary>
    public async Task<bool?> HasMovedOnAsync((ChainState State, int View) seen)
    {
        // Twice before an object is called lost: one answer may be from before it was replaced.
        for (var again = false; ; again = true)
        {
            if (HasChanged(seen))
            {
                return true;
            }

            var now = await store.ReadHeadAsync();
            if (now.Status == FetchStatus.Unreachable)
            {
                return null;
            }

            if (chain.IsClosed || HasChanged(seen))
            {
                return true;
            }

            if ((chain.Leads && now.Head.Epoch > chain.Epoch) || IsAnotherLog(now, chain.State))
            {
                chain.Fail(WriteOutcome.Lost);
                return true;
            }

            if (!chain.Leads && !now.Head.IsSameAs(chain.State.Head))
            {
                return chain.IsTakingEpoch ? null : await ReadAgainAsync(seen);
            }

            if (again)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// Determines whether this instance knows everything that was durable when this was called. A leader checks for a newer leader. An
    /// instance that does not lead first looks for a chunk after its last one and then reads the head: if the head has not changed since it
    /// was last read, no chunk can have been moved in between.
    /// </summary>
    /// <returns>False if another leader has, or may have, taken over or appended; null if storage cannot be read now.</returns>
    public async Task<bool?> IsNewestAsync()
    {
        while (true)
        {
            var (seen, leads) = ((chain.State, chain.State.View), chain.Leads);
            if (!leads)
            {
                var next = await store.FetchAsync(ObjectKey.Chunk(seen.State.NextOrdinal));
                if (next.Status != FetchStatus.Absent)
                {
                    return next.Status == FetchStatus.Unreachable ? null : false;
                }
            }

            var now = await store.ReadHeadAsync();
            if (now.Status is FetchStatus.Unreachable or FetchStatus.Damaged)
            {
                return null;
            }

            if (chain.IsClosed)
            {
                return false;
            }

            if (leads)
            {
                return now.Status == FetchStatus.Found && now.Head.Epoch == chain.Epoch && !IsAnotherLog(now, chain.State);
            }

            if (!chain.Leads && !HasChanged(seen))
            {
                return now.Head.IsSameAs(seen.State.Head);
            }
        }
    }

    private async Task<bool?> ReadAgainAsync((ChainState State, int View) seen)
    {
        var (error, read) = await recovery.ReadAsync(CancellationToken.None);
        if (read is not null && !chain.IsClosed && !chain.IsTakingEpoch && !HasChanged(seen))
        {
            chain.TryReplace(read);
        }

        return error == ErrorCode.None ? true : null;
    }

    private static bool IsAnotherLog(in FetchedHead now, ChainState known) =>
        known.HeadETag is not null && (now.Status == FetchStatus.Absent || now.Head.Incarnation != known.Head.Incarnation);

    private bool HasChanged((ChainState State, int View) seen) => seen != (chain.State, chain.State.View);
}
