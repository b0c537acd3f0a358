using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Deletes objects of a log that its head does not lead to, by the listing of the store: those below a damaged index page, or all of them if the
/// head itself cannot be read. Both can be repeated after any failure until they succeed.
/// </summary>
internal sealed class DeletionByListing(Chain chain, ChainObjects store)
{
    private const int CallsAtOnce = 16;

    /// <summary>
    /// Deletes a log whose head is unreadable. A writer that still knows its content is fenced first: the ordinal after the last
    /// chunk is taken, in every incarnation, since the head no longer tells which is the log's own. The head goes last, so until all is gone no instance
    /// creates the log again.
    /// </summary>
    /// <param name="headETag">The version of the unreadable head.</param>
    public async Task<ErrorCode> DeleteHeadlessAsync(string? headETag)
    {
        if (await store.ListAsync() is not { } found)
        {
            return ErrorCode.KafkaStorageError;
        }

        foreach (var objects in found.Where(found => found.Key != ObjectKey.Head).GroupBy(found => found.Incarnation, found => found.Key))
        {
            store.Incarnation = objects.Key;
            if (!await FenceAsync([.. objects]) || !await DeleteAsync(objects.Key))
            {
                return ErrorCode.KafkaStorageError;
            }
        }

        return await store.DeleteAsync(ObjectKey.Head, headETag) ? ErrorCode.None : ErrorCode.KafkaStorageError;
    }

    /// <summary>Deletes what is left of one incarnation, except the head; true once nothing is.</summary>
    public async Task<bool> DeleteAsync(Guid? incarnation)
    {
        if (await store.ListAsync() is not { } found)
        {
            return false;
        }

        store.Incarnation = incarnation;
        var keys = found.Where(found => found.Incarnation == incarnation && found.Key != ObjectKey.Head).Select(found => found.Key);
        foreach (var some in keys.Chunk(CallsAtOnce))
        {
            var gone = await Task.WhenAll(some.Select(key => store.DeleteAsync(key, null)));
            if (Array.Exists(gone, isGone => !isGone))
            {
                return false;
            }
        }

        return true;
    }

    private async Task<bool> FenceAsync(ObjectKey[] keys)
    {
        var last = keys.Where(key => key.Kind == ObjectKeyKind.Chunk).Select(key => key.Number).DefaultIfEmpty(-1).Max();

        // The chunks that a merge has replaced are in a part. Any part may have the newest: compaction writes older ones again.
        foreach (var some in keys.Where(key => key.Kind == ObjectKeyKind.Part).Chunk(CallsAtOnce))
        {
            var parts = await Task.WhenAll(some.Select(store.FetchAsync));
            if (Array.Exists(parts, part => part.Status == FetchStatus.Unreachable))
            {
                return false;
            }

            last = Math.Max(last, parts.Max(part => part.Header?.LastOrdinal ?? -1));
        }

        for (var ordinal = last + 1; ; ordinal++)
        {
            var header = new ObjectHeader
            {
                Kind = ObjectKind.Chunk,
                FirstOrdinal = ordinal,
                LastOrdinal = ordinal,
                FollowsDamage = true,
                Epoch = new LeaderEpoch(int.MaxValue),
                Writer = chain.Writer,
            };
            ChunkLayout.Fence(header, store.Name.Tag, out var stored);
            var written = await store.CreateAsync(ObjectKey.Chunk(ordinal), stored);
            if (written.Outcome != WriteOutcome.Lost || written.Found.IsEmpty)
            {
                return written.Outcome == WriteOutcome.Done;
            }
        }
    }
}
