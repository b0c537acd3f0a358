using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>Searches entries that are sorted by position.</summary>
internal static class EntrySearch
{
    /// <summary>Finds the first entry that ends after <paramref name="from"/>.</summary>
    public static bool TryLocate(ReadOnlySpan<ChainEntry> entries, Offset from, out ChainEntry entry)
    {
        var (low, high) = (0, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (entries[middle].End > from)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        entry = low < entries.Length ? entries[low] : default;
        return low < entries.Length;
    }

    /// <summary>Finds the first entry that ends after <paramref name="from"/> and may have the timestamp or a later one.</summary>
    public static bool TryLocate(ReadOnlySpan<ChainEntry> entries, Timestamp timestamp, Offset from, out ChainEntry entry)
    {
        foreach (ref readonly var candidate in entries)
        {
            if (candidate.MaxTimestamp >= timestamp && candidate.End > from)
            {
                entry = candidate;
                return true;
            }
        }

        entry = default;
        return false;
    }
}
