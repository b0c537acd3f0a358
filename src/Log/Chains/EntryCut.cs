using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>
/// Adjacent objects on their way out of a chain, and the entries beside them in the pages that list them. Those pages are replaced together with the
/// objects: what remains of them is packed into no more pages of the same height, so however many cuts are made, the head lists no more entries than
/// before, and pages that have become small are joined.
/// </summary>
/// <param name="walk">Reads pages.</param>
/// <param name="from">The first object is the one that holds this position or follows it.</param>
/// <param name="to">No object ends after this position.</param>
/// <param name="maxBytes">The most bytes of all objects, unless the first one alone is larger.</param>
internal sealed class EntryCut(EntryWalk walk, Offset from, Offset to, long maxBytes)
{
    // Bounds the garbage of one head.
    private const int MaxObjects = 64;

    private readonly List<List<ChainEntry>> _before = [];
    private readonly List<List<ChainEntry>> _after = [];
    private long _bytes;
    private bool _hasEnded;

    /// <summary>The objects.</summary>
    public List<ChainEntry> Objects { get; } = [];

    /// <summary>The pages that list them, and pages of these.</summary>
    public List<ChainEntry> Pages { get; } = [];

    /// <summary>How many pages lie above each object.</summary>
    public int Height { get; private set; }

    /// <summary>The first of the head's entries that are replaced.</summary>
    public int FirstEntry { get; private set; }

    /// <summary>How many of the head's entries are replaced.</summary>
    public int Entries { get; private set; }

    /// <summary>Finds the objects; none if the first one ends after <c>to</c>.</summary>
    /// <returns>Found; otherwise why not, with the damaged object or page if there is one.</returns>
    public async Task<(FetchStatus Status, ChainEntry Damaged)> FindAsync(ChainEntry[] entries)
    {
        FirstEntry = Array.FindIndex(entries, entry => entry.End > from);
        if (FirstEntry < 0)
        {
            return (FetchStatus.Found, default);
        }

        // Only entries of one height: what replaces them then has that height, too.
        Height = entries[FirstEntry].Height;
        var end = Array.FindIndex(entries, FirstEntry, entry => entry.Height != Height);
        for (var height = 0; height < Height; height++)
        {
            _before.Add([]);
            _after.Add([]);
        }

        (Entries, var status, var damaged) = await TakeAsync(entries.AsMemory(FirstEntry..(end < 0 ? entries.Length : end)), Height);
        return (status, damaged);
    }

    /// <summary>The entries at a height below the replaced ones of the head, with <paramref name="replaced"/> in the middle.</summary>
    public ChainEntry[] Around(int height, IEnumerable<ChainEntry> replaced) => [.. _before[height], .. replaced, .. _after[height]];

    /// <summary>Takes objects from adjacent entries of one height until the cut ends; returns from how many of the entries.</summary>
    private async Task<(int Taken, FetchStatus Status, ChainEntry Damaged)> TakeAsync(ReadOnlyMemory<ChainEntry> entries, int height)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries.Span[i];
            if (EndsBefore(entry, height))
            {
                _hasEnded = true;
                return (i, FetchStatus.Found, default);
            }

            if (entry.IsDamaged || entry.Height != height)
            {
                return (i, FetchStatus.Damaged, entry);
            }

            if (height == 0)
            {
                Invariant.Check(Objects.Count == 0 || entry.Base >= Objects[^1].End, "objects are taken in order");
                Objects.Add(entry);
                _bytes += entry.Bytes;
                continue;
            }

            var (status, listed) = await walk.ReadPageAsync(entry);
            var first = Objects.Count > 0 ? 0 : Array.FindIndex(listed, below => below.End > from);
            if (status != FetchStatus.Found || first < 0)
            {
                return (i, status == FetchStatus.Found ? FetchStatus.Damaged : status, entry);
            }

            Pages.Add(entry);
            _before[height - 1].AddRange(listed[..first]);
            (var taken, status, var damaged) = await TakeAsync(listed.AsMemory(first..), height - 1);
            if (status != FetchStatus.Found)
            {
                return (i, status, damaged);
            }

            if (taken == 0)
            {
                _hasEnded = true;
                Pages.Remove(entry);
                return (i, FetchStatus.Found, default);
            }

            _after[height - 1].AddRange(listed[(first + taken)..]);
            if (_hasEnded)
            {
                return (i + 1, FetchStatus.Found, default);
            }
        }

        return (entries.Length, FetchStatus.Found, default);
    }

    private bool EndsBefore(in ChainEntry entry, int height) =>
        Objects.Count == MaxObjects || _bytes >= maxBytes || entry.Base >= to
        || (height == 0 && (entry.End > to || (Objects.Count > 0 && _bytes + entry.Bytes > maxBytes)));
}
