using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>What adjacent objects become.</summary>
internal enum ChangeKind
{
    /// <summary>The single source is listed as it is.</summary>
    Keep,

    /// <summary>Their items become one segment.</summary>
    Merge,

    /// <summary>Their entries become one page.</summary>
    TurnPage,

    /// <summary>Chunks that are still to be merged: their entries become one page.</summary>
    ListUnmerged,

    /// <summary>
    /// The small ones of the chunks that the sources, such pages, list become segments. As many of the sources are taken as give one full
    /// segment.
    /// </summary>
    MergeListed,

    /// <summary>The single source, a page, gives way to what it lists at or after the start.</summary>
    OpenPage,

    /// <summary>They are deleted.</summary>
    Drop,
}

/// <summary>Adjacent objects and what they become.</summary>
/// <param name="Sources">The adjacent objects; at least one.</param>
/// <param name="Kind">What they become.</param>
/// <param name="Level">The merge level of the result.</param>
internal readonly record struct Change(ChainEntry[] Sources, ChangeKind Kind, byte Level);

/// <summary>
/// The next step that keeps a chain cheap to open and to read, planned from memory alone:
/// <list type="number">
/// <item>The tail is at half its bound: list its chunks. Small chunks are listed in a page of their own, or merged into segments at once if there
/// may be none such; a large one stays as it is.</item>
/// <item>The head begins with objects below the start: drop them. A page that begins below it is opened, so that what it lists is dropped as the
/// start moves on.</item>
/// <item>There are as many unmerged chunks as there may be, or the log is quiet: merge the oldest of them, as many as give a full segment. So where
/// chunks are not tiny, each byte is copied once.</item>
/// <item>The head ends in several small segments of the same level: merge them into one of the next level. So each byte is copied once per
/// level, and the number of segments grows with the log's size and not with the number of its chunks.</item>
/// <item>The head has more entries of one kind than it should: move the older half into a page, whose entry takes their place. Pages move
/// into pages likewise.</item>
/// </list>
/// While nothing may be replaced, because storage does not delete what is, chunks are listed as they are and pages are written: both leave no
/// garbage.
/// </summary>
/// <param name="Changes">The changes, in order of position.</param>
/// <param name="TailChunks">How many chunks at the front of the tail the changes cover.</param>
/// <param name="FirstEntry">The first of the head's entries that the changes cover, if they cover no chunks.</param>
/// <param name="Entries">How many of the head's entries the changes cover, at most.</param>
internal sealed record MaintenancePlan(IReadOnlyList<Change> Changes, int TailChunks, int FirstEntry, int Entries)
{
    /// <summary>How many segments of one level are merged into one of the next.</summary>
    public const int FanIn = 8;

    // Bounds one head write and the deletions after it.
    private const int DropsAtOnce = 256;

    /// <summary>The next step; null if there is none.</summary>
    /// <param name="state">The chain.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="mayReplace">Whether objects may be replaced by others.</param>
    /// <param name="isQuiet">Whether nothing was appended for so long that the log should be left with few objects.</param>
    public static MaintenancePlan? Next(ChainState state, ChainOptions options, bool mayReplace, bool isQuiet) =>
        SealTail(state, options, mayReplace, isQuiet)
        ?? (mayReplace ? Drop(state) ?? MergeListed(state, options, isQuiet) ?? MergeSegments(state, options) : null)
        ?? TurnPage(state, options);

    /// <summary>Whether the tail is at half its bound.</summary>
    public static bool IsTailFull(ChainState state, ChainOptions options) =>
        state.Tail.Count >= Math.Max(1, options.TailChunks / 2) || state.TailBytes >= options.TailBytes / 2;

    /// <summary>How an object that is listed as it is counts among those that may be merged.</summary>
    public static byte LevelOf(in ChainEntry entry, ChainOptions options) =>
        entry.IsDamaged || entry.Bytes >= options.WholeChunkBytes ? ChainEntry.FullLevel : (byte)0;

    private static MaintenancePlan? SealTail(ChainState state, ChainOptions options, bool mayReplace, bool isQuiet) =>
        !IsTailFull(state, options) && !(isQuiet && state.Tail.Count >= FanIn) ? null
        : mayReplace && options.UnmergedChunks > 0 && state.Tail.Any(chunk => chunk.Base < chunk.End && LevelOf(chunk, options) == 0)
            ? ListTail(state, options)
        : SealWhole(state, options, mayReplace);

    /// <summary>Lists the whole tail in pages of unmerged chunks.</summary>
    private static MaintenancePlan ListTail(ChainState state, ChainOptions options)
    {
        var entries = state.Tail.Select(chunk => chunk with { Level = LevelOf(chunk, options) });
        Change[] pages = [.. entries.Chunk(options.HeadSegments).Select(some => new Change(some, ChangeKind.ListUnmerged, 1))];
        return new MaintenancePlan(pages, state.Tail.Count, state.Head.Entries.Length, 0);
    }

    /// <summary>Merges the small chunks of the whole tail; null if it is empty.</summary>
    private static MaintenancePlan? SealWhole(ChainState state, ChainOptions options, bool mayReplace)
    {
        var changes = new List<Change>();
        var run = new List<ChainEntry>();
        var runBytes = 0L;
        foreach (var chunk in state.Tail)
        {
            if (chunk.IsDamaged || (LevelOf(chunk, options) == ChainEntry.FullLevel && chunk.Base < chunk.End))
            {
                EndRun();
                changes.Add(new Change([chunk], ChangeKind.Keep, ChainEntry.FullLevel));
                continue;
            }

            if (!mayReplace)
            {
                changes.Add(new Change([chunk], ChangeKind.Keep, 0));
                continue;
            }

            run.Add(chunk);
            runBytes += chunk.Bytes;
            if (runBytes >= options.SegmentBytes)
            {
                EndRun();
            }
        }

        EndRun();
        return state.Tail.Count == 0 ? null : new MaintenancePlan(changes, state.Tail.Count, state.Head.Entries.Length, 0);

        void EndRun()
        {
            if (run.Count > 0)
            {
                var holdsItems = run[0].Base < run[^1].End;
                var level = runBytes >= options.SegmentBytes / 2 ? ChainEntry.FullLevel : (byte)0;
                changes.Add(new Change([.. run], run.Count == 1 && holdsItems ? ChangeKind.Keep : ChangeKind.Merge, level));
            }

            run.Clear();
            runBytes = 0;
        }
    }

    private static MaintenancePlan? Drop(ChainState state)
    {
        var (entries, start) = (state.Head.Entries, state.Head.Start);
        if (entries.Length == 0)
        {
            return null;
        }

        if (entries[0] is { Kind: ObjectKind.Page, IsDamaged: false } page && page.Base < start)
        {
            return new MaintenancePlan([new Change([page], ChangeKind.OpenPage, 0)], 0, 0, 1);
        }

        var count = 0;
        while (count < Math.Min(entries.Length, DropsAtOnce) && entries[count].End <= start && IsDroppable(entries[count]))
        {
            count++;
        }

        return count == 0 ? null : new MaintenancePlan([new Change(entries[..count], ChangeKind.Drop, 0)], 0, 0, count);
    }

    // A damaged page hides what it lists, which stays in the store. A snapshot is the state before the start.
    private static bool IsDroppable(in ChainEntry entry) =>
        entry is { Kind: ObjectKind.Chunk or ObjectKind.Segment } or { Kind: ObjectKind.Page, IsDamaged: true };

    private static MaintenancePlan? MergeListed(ChainState state, ChainOptions options, bool isQuiet)
    {
        var (first, end, pages, chunks) = (-1, -1, 0, 0L);
        var entries = state.Head.Entries;
        for (var i = 0; i < entries.Length; i++)
        {
            if (!IsUnmerged(entries[i]))
            {
                continue;
            }

            // The oldest ones that are neighbours.
            (first, end) = first < 0 ? (i, i + 1) : (first, end == i ? i + 1 : end);
            pages++;
            chunks += entries[i].LastOrdinal - entries[i].FirstOrdinal + 1;
        }

        return first < 0 || (!isQuiet && chunks < options.UnmergedChunks && pages < options.HeadSegments)
            ? null
            : new MaintenancePlan([new Change(entries[first..end], ChangeKind.MergeListed, 0)], 0, first, end - first);
    }

    private static bool IsUnmerged(in ChainEntry entry) => entry is { Kind: ObjectKind.Page, IsUnmerged: true, IsDamaged: false, Height: 1 };

    private static MaintenancePlan? MergeSegments(ChainState state, ChainOptions options)
    {
        // What is not merged yet comes after them.
        ReadOnlySpan<ChainEntry> entries = state.Head.Entries;
        while (!entries.IsEmpty && IsUnmerged(entries[^1]))
        {
            entries = entries[..^1];
        }

        if (entries.Length < 2 || entries[^1] is { Level: ChainEntry.FullLevel } or { Kind: ObjectKind.Page or ObjectKind.Snapshot })
        {
            return null;
        }

        // A pass of compaction ends between two objects. One that held both sides would be left out of it.
        var (level, first, bytes, mark) = (entries[^1].Level, entries.Length, 0L, state.Head.Compaction);
        while (first > 0 && entries[first - 1].Level == level && entries[first - 1].Kind is ObjectKind.Chunk or ObjectKind.Segment
            && !(mark.IsPassUnderWay && first < entries.Length && entries[first].Base == mark.PassEnd))
        {
            first--;
            bytes += entries[first].Bytes;
        }

        var count = entries.Length - first;
        if (count < 2 || (count < FanIn && bytes < options.SegmentBytes))
        {
            return null;
        }

        // Enough for one full segment, or all of them.
        (count, bytes) = (0, 0);
        while (first + count < entries.Length && (count < 2 || bytes < options.SegmentBytes))
        {
            bytes += entries[first + count++].Bytes;
        }

        var merged = bytes >= options.SegmentBytes / 2 ? ChainEntry.FullLevel : (byte)Math.Min(level + 1, ChainEntry.FullLevel - 1);
        return new MaintenancePlan([new Change(entries[first..(first + count)].ToArray(), ChangeKind.Merge, merged)], 0, first, count);
    }

    private static MaintenancePlan? TurnPage(ChainState state, ChainOptions options)
    {
        // Entries are in order of position and only ever moved from the front of their kind, so those of one kind and page level are
        // neighbours, and unmerged pages, of which there are few, come after them. In a page they would not be found again. What begins below
        // the start is dropped next: a page of it would only be opened again.
        var entries = state.Head.Entries;
        for (int first = Array.FindIndex(entries, entry => entry.Base >= state.Head.Start), end; first >= 0 && first < entries.Length; first = end)
        {
            var (height, isUnmerged) = (entries[first].Height, IsUnmerged(entries[first]));
            for (end = first + 1; end < entries.Length && entries[end].Height == height && IsUnmerged(entries[end]) == isUnmerged;)
            {
                end++;
            }

            if (end - first > options.HeadSegments && !isUnmerged)
            {
                var count = options.HeadSegments / 2;
                var page = new Change(entries[first..(first + count)], ChangeKind.TurnPage, (byte)(height + 1));
                return new MaintenancePlan([page], 0, first, count);
            }
        }

        return null;
    }
}
