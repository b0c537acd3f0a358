using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Determines why an object is not where this instance expects it: our maintenance has replaced it, another leader has, or it is lost.
/// </summary>
internal sealed class HeadRefresh(Chain chain, ChainObjects store, ChainRecovery recovery)
{
    /// <summary>
    /// Determines whether the chain has been rearranged since the state <paramref name="seen"/>. If another leader has done so, an instance
    /// that does not lead reads the chain again, and one that led closes. False if the object is lost; null if storage cannot be read now.
    /// </summary>
    public async Task<bool?> HasMovedOnAsync((ChainState State, int View) seen)
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

        if ((chain.Leads && now.Head.Epoch > chain.Epoch) || (now.Status == FetchStatus.Absent && chain.State.HeadETag is not null))
        {
            chain.Fail(WriteOutcome.Lost);
            return true;
        }

        if (chain.Leads || now.Head.Revision == chain.State.Head.Revision)
        {
            return false;
        }

        return chain.IsTakingEpoch ? null : await ReadAgainAsync(seen);
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
                return now.Status == FetchStatus.Found && now.Head.Epoch == chain.Epoch;
            }

            if (!chain.Leads && !HasChanged(seen))
            {
                return now.Head.Revision == seen.State.Head.Revision;
            }
        }
    }

    private async Task<bool?> ReadAgainAsync((ChainState State, int View) seen)
    {
        var (error, read) = await recovery.ReadAsync(CancellationToken.None);
        if (read is not null && !chain.IsClosed && !chain.IsTakingEpoch && !HasChanged(seen))
        {
            chain.Replace(read);
        }

        return error == ErrorCode.None ? true : null;
    }

    private bool HasChanged((ChainState State, int View) seen) => seen != (chain.State, chain.State.View);
}
