using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Deletes a log, and can be repeated after any failure until it succeeds. The head is marked first, so that no instance opens the log. A
/// fence stops a writer that has not seen the mark. Then the tail, which no entry lists, is added to the head's garbage, so that a second
/// run finds it; then all objects are deleted, the head last. A head with one flipped bit is corrected for that; what other damage hides from
/// the head is found by the listing of the store (<see cref="DeletionByListing"/>), if it has one.
/// </summary>
internal sealed class Deletion(Chain chain, ChainObjects store, ObjectLoader loader)
{
    private const int MaxAttempts = 8;
    private const int CallsAtOnce = 16;

    private readonly DeletionByListing _byListing = new(chain, store);
    private bool _hasDamagedPage;

    /// <summary>Deletes the log; returns None once nothing is left.</summary>
    /// <param name="cancellation">Ends the deletion between two attempts.</param>
    /// <param name="onlyEpoch">Deletes the log only while this is its newest epoch; null to delete whatever is there.</param>
    public async Task<ErrorCode> RunAsync(CancellationToken cancellation, LeaderEpoch? onlyEpoch = null)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            cancellation.ThrowIfCancellationRequested();
            var read = await store.ReadHeadAsync();
            if (read.Status == FetchStatus.Damaged && HeadCorrection.TryCorrect(read.Damaged.Span, store.Name.Tag, out var corrected))
            {
                read = new FetchedHead(FetchStatus.Found, corrected, read.ETag);
            }

            if (read.Status == FetchStatus.Damaged && store.CanList && onlyEpoch is null)
            {
                return await _byListing.DeleteHeadlessAsync(read.ETag);
            }

            if (read.Status != FetchStatus.Found)
            {
                return read.Status switch
                {
                    FetchStatus.Absent => ErrorCode.None,
                    FetchStatus.Damaged => ErrorCode.CorruptMessage,
                    _ => ErrorCode.KafkaStorageError,
                };
            }

            if (onlyEpoch is { } epoch && (read.Head.Epoch != epoch || read.Head.Incarnation != store.Incarnation))
            {
                return ErrorCode.NotLeaderOrFollower;
            }

            store.Incarnation = read.Head.Incarnation;
            var (outcome, head, etag) = (WriteOutcome.Done, read.Head, read.ETag);
            if (!head.IsDeleting)
            {
                (outcome, head, etag) = await MarkAsync(head, etag);
            }

            if (outcome == WriteOutcome.Done && head.TailOrdinal >= 0 && !IsFenced(head))
            {
                (outcome, head, etag) = await FenceAsync(head, etag);
            }

            if (outcome == WriteOutcome.Done)
            {
                var isGone = await DeleteAllAsync(head)
                    && (!_hasDamagedPage || !store.CanList || await _byListing.DeleteAsync(head.Incarnation))
                    && await store.DeleteAsync(ObjectKey.Head, etag);
                return isGone ? ErrorCode.None : ErrorCode.KafkaStorageError;
            }

            if (outcome != WriteOutcome.Lost)
            {
                return outcome == WriteOutcome.InDoubt ? ErrorCode.RequestTimedOut : ErrorCode.KafkaStorageError;
            }
        }

        return ErrorCode.KafkaStorageError;
    }

    /// <summary>The second head of a deletion has the tail in its garbage: its last item begins at the tail.</summary>
    private static bool IsFenced(Head head) =>
        head.Garbage.Length > 0 && head.Garbage[^1].First == ObjectKey.Chunk(head.TailOrdinal);

    private Task<(WriteOutcome Outcome, Head Head, string? ETag)> MarkAsync(Head head, string? etag)
    {
        GarbageItem[] garbage = [.. head.Garbage, PendingGarbage.OrphansOf(head.Revision).Item];
        return ReplaceAsync(head, etag, head with { IsDeleting = true, Epoch = head.Epoch.Next, Garbage = garbage });
    }

    private async Task<(WriteOutcome Outcome, Head Head, string? ETag)> FenceAsync(Head head, string? etag)
    {
        for (var ordinal = head.TailOrdinal; ; ordinal++)
        {
            var read = await store.FetchAsync(ObjectKey.Chunk(ordinal));
            var next = read.Status == FetchStatus.Absent ? await store.FetchAsync(ObjectKey.Chunk(ordinal + 1)) : read;
            if (next.Status == FetchStatus.Unreachable)
            {
                return (WriteOutcome.InDoubt, head, etag);
            }

            if (next.Status != FetchStatus.Absent)
            {
                continue;
            }

            var header = new ObjectHeader
            {
                Kind = ObjectKind.Chunk,
                FirstOrdinal = ordinal,
                LastOrdinal = ordinal,
                FollowsDamage = true,
                Epoch = head.Epoch,
                Writer = chain.Writer,
                Base = head.TailBase,
            };
            ChunkLayout.Fence(header, store.Name.Tag, out var stored);
            var fenced = await store.CreateAsync(ObjectKey.Chunk(ordinal), stored);
            if (fenced.Outcome == WriteOutcome.Lost && !fenced.Found.IsEmpty)
            {
                continue;
            }

            if (fenced.Outcome != WriteOutcome.Done)
            {
                return (fenced.Outcome, head, etag);
            }

            var tail = new GarbageItem(ObjectKey.Chunk(head.TailOrdinal), checked((int)(ordinal - head.TailOrdinal + 1)), null);
            return await ReplaceAsync(head, etag, head with { Garbage = [.. head.Garbage, tail] });
        }
    }

    private async Task<(WriteOutcome Outcome, Head Head, string? ETag)> ReplaceAsync(Head old, string? etag, Head next)
    {
        next = next with { Revision = old.Revision + 1, Writer = chain.Writer };
        var written = await store.ReplaceHeadAsync(next, etag);
        return written.Outcome == WriteOutcome.Done ? (WriteOutcome.Done, next, written.ETag) : (written.Outcome, old, etag);
    }

    private async Task<bool> DeleteAllAsync(Head head)
    {
        var disposal = new GarbageDisposal(store, loader);
        if (!await DeleteEntriesAsync(head.Entries, disposal))
        {
            return false;
        }

        var fences = head.Fences.Append(0).Select(fence => new GarbageItem(ObjectKey.Chunk(fence), 1, null));
        var keys = head.Tables.SelectMany(table => table.Runs).Select(run => new GarbageItem(run.KeyOf(0), run.Count, null));
        foreach (var item in keys.Concat(head.Garbage).Concat(fences))
        {
            if (!await disposal.TryDeleteAsync(new PendingGarbage(item, null)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Deletes what the entries list; a page after what it lists. Pages are followed one at a time, so that however deep they are, no more
    /// than <see cref="CallsAtOnce"/> calls are under way.
    /// </summary>
    private async Task<bool> DeleteEntriesAsync(ReadOnlyMemory<ChainEntry> entries, GarbageDisposal disposal)
    {
        var calls = new List<Task<bool>>(CallsAtOnce);
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries.Span[i];
            if ((entry.Kind == ObjectKind.Page || calls.Count == CallsAtOnce) && !await AreGoneAsync(calls))
            {
                return false;
            }

            if (entry.Kind == ObjectKind.Page)
            {
                var (status, below) = await new EntryWalk(loader).ReadPageAsync(entry);
                _hasDamagedPage |= status is FetchStatus.Damaged or FetchStatus.Absent;
                if (status == FetchStatus.Unreachable || !await DeleteEntriesAsync(below, disposal))
                {
                    return false;
                }
            }

            calls.Add(disposal.TryDeleteAsync(PendingGarbage.Of(entry)));
        }

        return await AreGoneAsync(calls);
    }

    private static async Task<bool> AreGoneAsync(List<Task<bool>> calls)
    {
        var gone = await Task.WhenAll(calls);
        calls.Clear();
        return Array.TrueForAll(gone, isGone => isGone);
    }
}
