using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Makes an instance the only one that can append.
/// <list type="number">
/// <item>The head gets the next epoch, which nobody else can take as well.</item>
/// <item>An empty chunk of that epoch, the fence, takes the next ordinal. Whatever an earlier leader stored before it is adopted, whole.
/// After it, an earlier leader can store nothing: it must create the very ordinal that the fence has, finds the newer epoch there, and
/// closes.</item>
/// <item>The head is read once more. If a newer leader has come in between, it may have merged and deleted the chunks that were here, so
/// that our fence went where a chunk had been; then this instance has never led.</item>
/// </list>
/// An earlier leader may be asleep for any length of time and then create the ordinal it stopped at. So the fence that it must find there
/// is never deleted, though all chunks around it are, unless the earlier leader has said in the head that it will not write again. The
/// very first fence stays in any case: where it is and a head is not, a head has been lost.
/// </summary>
internal sealed class Leadership(Chain chain, ChainObjects store, ChainRecovery recovery)
{
    private const int MaxAttempts = 8;

    private LeaderEpoch _taken = LeaderEpoch.None;
    private bool _mayMeetOthers;

    /// <summary>Takes the next epoch. May be called again after a refusal.</summary>
    /// <returns>None: appends may follow. Otherwise as <see cref="Chain.Fail"/> says, or what <see cref="ChainRecovery.ReadAsync"/>
    /// found.</returns>
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

    /// <summary>Says in the head that this instance will not write again. Nothing is under way any more.</summary>
    public async Task ResignAsync()
    {
        var state = chain.State;
        var head = state.NextHead(chain.Writer) with
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

            _mayMeetOthers = state.HeadETag is not null && !state.Head.HasResigned;
            state.Advance(head, written.ETag, 0);
            _taken = head.Epoch;
            return ErrorCode.None;
        }

        // A leader of the same epoch as before has only listed its chunks meanwhile: look again. One of a newer epoch was faster.
        var sameEpoch = written.Outcome == WriteOutcome.Lost
            && Head.TryRead(written.Found.Span, store.Name.Tag, out var found)
            && found.Epoch == state.Head.Epoch;
        if (!sameEpoch)
        {
            return chain.Fail(written.Outcome);
        }

        var (error, read) = await recovery.ReadAsync(cancellation);
        if (read is not null)
        {
            chain.LookAgain(read);
        }

        return error;
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
        var now = await store.ReadHeadAsync();
        if (now.Status is FetchStatus.Unreachable or FetchStatus.Damaged)
        {
            // Asked again, this instance finds its own fence and comes here once more.
            return ErrorCode.KafkaStorageError;
        }

        if (now.Head.Revision == state.Head.Revision)
        {
            Invariant.Check(state.TryAccept(fence, etag), "a fence continues the chain");
            chain.Lead(_taken);
            return ErrorCode.None;
        }

        // Our fence stays where it is. If it was in time, it is part of the chain by now and may be what holds the leader before us back.
        return chain.Fail(WriteOutcome.Lost);
    }
}
