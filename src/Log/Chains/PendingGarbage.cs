using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>Something to delete, and what this instance knows of it.</summary>
/// <param name="Item">As the head has it.</param>
/// <param name="ETags">The version of each object of a range, as far as this instance has seen them; null if it has not.</param>
internal sealed record PendingGarbage(GarbageItem Item, string?[]? ETags)
{
    /// <summary>What a leader of an earlier head may have written and not listed.</summary>
    public static PendingGarbage OrphansOf(long revision) =>
        new(new GarbageItem(ObjectKey.Part(revision, 0), GarbageItem.UntilAbsent, null), null);

    /// <summary>One object that has lost its place.</summary>
    public static PendingGarbage Of(in ChainEntry entry) => Of([entry], 0, 1);

    /// <summary>
    /// Objects that have lost their place, but for fences that hold theirs; chunks with consecutive ordinals are one item.
    /// </summary>
    public static IEnumerable<PendingGarbage> Of(IEnumerable<ChainEntry> replaced)
    {
        var entries = replaced.Where(entry => !entry.HoldsPlace).ToArray();
        for (int first = 0, end; first < entries.Length; first = end)
        {
            end = first + 1;
            while (end < entries.Length
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
