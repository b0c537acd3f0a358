using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Makes an instance the only one that can append. First the head gets the next epoch, which nobody else can take as well; then an empty chunk of that epoch, the
/// fence, takes the next ordinal. Whatever an earlier leader stored before the fence is adopted, whole; after it, it can store nothing, because it must create
/// the ordinal that the fence has, finds the newer epoch there, and closes.
/// </summary>
internal sealed class Leadership(Chain chain, ObjectStore store, Recovery recovery)
{
    private const int MaxAttempts = 8;

    private LeaderEpoch _taken = LeaderEpoch.None;

    /// <summary>Takes the next epoch. May be called again after a refusal.</summary>
    /// <returns>None: appends may follow. Otherwise as <see cref="Chain.Fail"/> says, or what <see cref="Recovery.ReadAsync"/> found.</returns>
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

    private async Task<ErrorCode> TakeEpochAsync(CancellationToken cancellation)
    {
        var state = chain.State;
        var orphans = PendingGarbage.OrphansOf(state.Head.Revision);
        var garbage = state.Garbage.Select(pending => pending.Item);
        var head = state.Head with
        {
            Epoch = state.NewestEpoch.Next,
            Revision = state.Head.Revision + 1,
            Writer = chain.Writer,
            Garbage = state.HeadETag is null ? [] : [.. garbage, orphans.Item],
        };
        var written = await store.ReplaceHeadAsync(head, state.HeadETag);
        if (written.Outcome == WriteOutcome.Done)
        {
            if (state.HeadETag is not null)
            {
                state.Garbage.Add(orphans);
            }

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
                Epoch = _taken,
                Writer = chain.Writer,
                Base = state.Durable,
                Link = state.LastHash,
            };
            var fence = ChunkLayout.Fence(header, store.Name.Tag, out var stored);
            var written = await store.CreateAsync(ObjectKey.Chunk(state.NextOrdinal), stored);
            if (written.Outcome == WriteOutcome.Done)
            {
                Invariant.Check(state.TryAccept(fence, written.ETag), "a fence continues the chain");
                chain.Lead(_taken);
                return ErrorCode.None;
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
}
