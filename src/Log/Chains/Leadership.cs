using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Makes an instance the only one that can append.
/// <list type="number"> <item>The head gets the next epoch by compare-and-swap, so no other instance can take the same one.</item> <item>An
/// empty chunk of that epoch, the fence, takes the next ordinal. Chunks that an earlier leader stored before it are adopted. After it, an
/// earlier leader can store nothing: it would have to create the ordinal of the fence, finds the newer epoch there, and closes.</item>
/// <item>The head is read once more. A newer leader may have merged and deleted chunks in between, so that our fence took the place of a
/// deleted chunk; then this instance has never led.</item>
/// </list> An earlier leader may be suspended for any length of time and then create the ordinal it stopped at. Therefore the fence at that
/// ordinal is never deleted, although all chunks around it are, unless the earlier leader has recorded in the head that it will not write
/// again. The very first fence always stays: a fence without a head proves that a head has been lost.
/// </summary>
internal sealed class Leadership(Chain chain, ChainObjects store, ChainRecovery recovery, TimeProvider time)
{
    private const int MaxAttempts = 8;

    private LeaderEpoch _taken = LeaderEpoch.None;
    private bool _mayMeetOthers;

    /// <summary>Takes the next epoch. May be called again after a refusal.</summary>
    /// <returns>None if appends may follow; otherwise the error of <see cref="Chain.Fail"/> or of
    /// <see cref="ChainRecovery.ReadAsync"/>.</returns>
    public async Task<ErrorCode> TakeAsync(CancellationToken cancellation)
    {
        for (var attempt = 0; _taken == LeaderEpoch.None; attempt++)
        {
            if (attempt == MaxAttempts)
            {
                return ErrorCode.NotLeaderOrFollower;
            }

            var error = await TakeEpochAsync(cancellation);
            if (error != ErrorCode.None || chain.IsClosed)
            {
                return error != ErrorCode.None ? error : ErrorCode.NotLeaderOrFollower;
            }
        }

        return await FenceAsync();
    }

    /// <summary>
    /// Records in the head that this instance will not write again, and lists the chunks of the tail there, so that the next instance need not read
    /// each of them before it serves. Nothing may be in flight.
    /// </summary>
    public async Task ResignAsync()
    {
        var state = chain.State;
        var next = state.NextHead(chain.Writer);

        // A journal is read from end to end when it is opened, and the tail is read in parallel. Where unmerged chunks are listed in pages, on a local
        // disk, reading the tail is cheap.
        var head = (chain.IsNameReused || chain.Options.UnmergedChunks > 0 ? next : state.ListTail(chain.Options)(next)) with
        {
            HasResigned = true,
            Garbage = GarbageWith(PendingGarbage.OrphansOf(state.Head.Revision)),
        };
        await store.TryReplaceHeadAsync(head, state.HeadETag);
    }

    private async Task<ErrorCode> TakeEpochAsync(CancellationToken cancellation)
    {
        var state = chain.State;
        var orphans = PendingGarbage.OrphansOf(state.Head.Revision);
        var head = state.NextHead(chain.Writer) with
        {
            Epoch = state.NewestEpoch.Next,
            Incarnation = state.HeadETag is null && chain.IsNameReused ? chain.Writer : state.Head.Incarnation,
            HasResigned = false,
            Garbage = state.HeadETag is null ? [] : GarbageWith(orphans),
        };
        var written = await store.ReplaceHeadAsync(head, state.HeadETag);
        if (written.Outcome == WriteOutcome.Done)
        {
            if (state.HeadETag is not null)
            {
                state.Garbage.Add(orphans);
            }

            store.Incarnation = head.Incarnation;
            _mayMeetOthers = state.HeadETag is not null && !state.Head.HasResigned;
            state.Advance(head, written.ETag, 0);
            _taken = head.Epoch;
            return ErrorCode.None;
        }

        // A head of the same epoch: its leader has listed chunks meanwhile, so read again. A newer epoch: another instance was faster.
        var sameEpoch = written.Outcome == WriteOutcome.Lost
            && Head.TryRead(written.Found.Span, store.Name.Tag, out var found)
            && found.Epoch == state.Head.Epoch && found.Incarnation == state.Head.Incarnation;
        if (!sameEpoch)
        {
            return chain.Fail(written.Outcome);
        }

        var (error, read) = await recovery.ReadAsync(cancellation);
        if (read is not null && read.Head.Incarnation != state.Head.Incarnation)
        {
            return chain.Fail(WriteOutcome.Lost);
        }

        return read is null || chain.TryReplace(read) ? error : chain.ClosedError;
    }

    private GarbageItem[] GarbageWith(PendingGarbage orphans) => [.. chain.State.Garbage.Append(orphans).Select(pending => pending.Item)];

    private async Task<ErrorCode> FenceAsync()
    {
        while (true)
        {
            var state = chain.State;
            var header = new ObjectHeader
            {
                Kind = ObjectKind.Chunk,
                FirstOrdinal = state.NextOrdinal,
                LastOrdinal = state.NextOrdinal,
                FollowsDamage = state.EndIsGuess,
                HoldsPlace = _mayMeetOthers || state.NextOrdinal == 0,
                Epoch = _taken,
                Writer = chain.Writer,
                Base = state.Durable,
                Link = state.LastHash,
            };
            var fence = ChunkLayout.Fence(header, store.Name.Tag, out var stored);
            var written = await store.CreateAsync(ObjectKey.Chunk(state.NextOrdinal), stored);
            if (written.Outcome == WriteOutcome.Done)
            {
                return await ConfirmAsync(fence, written.ETag);
            }

            if (written.Outcome != WriteOutcome.Lost
                || !LogObject.TryRead(written.Found, store.Name.Tag, null, out var found)
                || found!.Header.Epoch >= _taken)
            {
                return chain.Fail(written.Outcome);
            }

            var adopted = new Fetched(FetchStatus.Found, found, found.Header, null);
            if (!recovery.Accept(state, adopted))
            {
                chain.Close(ErrorCode.KafkaStorageError, "A chunk in storage does not continue the chain.");
                return ErrorCode.KafkaStorageError;
            }

            chain.Announce();
        }
    }

    private async Task<ErrorCode> ConfirmAsync(LogObject fence, string? etag)
    {
        var state = chain.State;
        var start = time.GetTimestamp();
        var now = await store.ReadHeadAsync();
        if (now.Status is FetchStatus.Unreachable or FetchStatus.Damaged)
        {
            // On a retry this instance finds its own fence and returns here.
            return ErrorCode.KafkaStorageError;
        }

        if (now.Head.IsSameAs(state.Head))
        {
            Invariant.Check(state.TryAccept(fence, etag), "a fence continues the chain");
            chain.HeadRefresh.Confirm(start);
            chain.Lead(_taken);
            return ErrorCode.None;
        }

        // Our fence stays: if it was in time, it is part of the chain and may be what stops the leader before us.
        return chain.Fail(WriteOutcome.Lost);
    }
}
