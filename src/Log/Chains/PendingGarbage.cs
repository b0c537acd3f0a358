using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>Objects to delete, with the versions that this instance knows.</summary>
/// <param name="Item">The item of the head.</param>
/// <param name="ETags">The version of each object of a range, as far as known; null if unknown.</param>
internal sealed record PendingGarbage(GarbageItem Item, string?[]? ETags)
{
    // Between two items maintenance can do something more urgent.
    private const int MaxRange = 256;

    /// <summary>The parts that the leader of an earlier head may have written and not listed.</summary>
    public static PendingGarbage OrphansOf(long revision) =>
        new(new GarbageItem(ObjectKey.Part(revision, 0), GarbageItem.UntilAbsent, null), null);

    /// <summary>One object that is no longer listed.</summary>
    public static PendingGarbage Of(in ChainEntry entry) => Of([entry], 0, 1);

    /// <summary>
    /// Objects that are no longer listed, except permanent fences; chunks with consecutive ordinals form one item.
    /// </summary>
    public static IEnumerable<PendingGarbage> Of(IEnumerable<ChainEntry> replaced)
    {
        var entries = replaced.Where(entry => !entry.HoldsPlace).ToArray();
        for (int first = 0, end; first < entries.Length; first = end)
        {
            end = first + 1;
            while (end < entries.Length && end - first < MaxRange
                && entries[end].Key == entries[first].Key with { Number = entries[first].Key.Number + end - first }
                && entries[first].Key.Kind == ObjectKeyKind.Chunk)
            {
                end++;
            }

            yield return Of(entries, first, end);
        }
    }

    private static PendingGarbage Of(ChainEntry[] entries, int first, int end) => new(
        new GarbageItem(entries[first].Key, end - first, entries[first].ETag),
        [.. entries[first..end].Select(entry => entry.ETag)]);
}
