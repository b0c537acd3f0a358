using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Deletes the garbage of a head, always after that head is stored. The first object of a range is deleted last, so its absence proves that
/// all are gone. Objects that cannot be deleted now stay in the garbage of the next head.
/// </summary>
internal sealed class GarbageDisposal(ChainObjects store, ObjectLoader loader)
{
    private const int CallsAtOnce = 16;

    /// <summary>How many of the first items are deleted at once: at least one, and no more objects than there may be calls under way.</summary>
    public static int AtOnce(ReadOnlySpan<PendingGarbage> items)
    {
        var (count, objects) = (0, 0);
        while (count < items.Length && (count == 0 || objects + ObjectsOf(items[count]) <= CallsAtOnce))
        {
            objects += ObjectsOf(items[count++]);
        }

        return count;
    }

    // How many parts were left is found one by one.
    private static int ObjectsOf(PendingGarbage garbage) => garbage.Item.Count == GarbageItem.UntilAbsent ? 1 : garbage.Item.Count;

    /// <summary>Deletes one item; true once all its objects are known to be gone.</summary>
    public async Task<bool> TryDeleteAsync(PendingGarbage garbage)
    {
        var (first, count, etag) = garbage.Item;
        if (count == GarbageItem.UntilAbsent)
        {
            return await TryDeletePartsAsync(first);
        }

        var etags = garbage.ETags ?? new string?[count];
        if (etag is not null)
        {
            etags[0] = etag;
        }

        if (garbage.ETags is null && count > 1)
        {
            var read = await store.FetchAsync(first);
            if (read.Status is FetchStatus.Absent or FetchStatus.Unreachable)
            {
                return read.Status == FetchStatus.Absent;
            }

            etags[0] = read.ETag;
        }

        for (var from = 1; from < count; from += CallsAtOnce)
        {
            var calls = new Task<bool>[Math.Min(CallsAtOnce, count - from)];
            for (var i = 0; i < calls.Length; i++)
            {
                calls[i] = DeleteAsync(After(first, from + i), etags[from + i]);
            }

            if (Array.Exists(await Task.WhenAll(calls), gone => !gone))
            {
                return false;
            }
        }

        return await DeleteAsync(first, etags[0]);
    }

    private static ObjectKey After(ObjectKey key, int steps) =>
        key.Kind == ObjectKeyKind.Chunk ? key with { Number = key.Number + steps } : key with { Index = key.Index + steps };

    /// <summary>
    /// Deletes parts that an earlier leader may have left, the last one first, so that the same search finds what a crash leaves.
    /// </summary>
    private async Task<bool> TryDeletePartsAsync(ObjectKey first)
    {
        var found = new Stack<(ObjectKey Key, string? ETag)>();
        for (var key = first; ; key = After(key, 1))
        {
            var read = await store.FetchAsync(key);
            if (read.Status == FetchStatus.Unreachable)
            {
                return false;
            }

            if (read.Status == FetchStatus.Absent)
            {
                break;
            }

            found.Push((key, read.ETag));
        }

        while (found.TryPop(out var part))
        {
            if (!await DeleteAsync(part.Key, part.ETag))
            {
                return false;
            }
        }

        return true;
    }

    private Task<bool> DeleteAsync(ObjectKey key, string? etag)
    {
        loader.Forget(key);
        return store.DeleteAsync(key, etag);
    }
}
