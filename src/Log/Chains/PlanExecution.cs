using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Executes one plan: writes the parts one at a time, and then one head that lists them all. A damaged source ends the attempt; it is
/// marked, and the next plan leaves it as it is.
/// </summary>
internal sealed class PlanExecution(Chain chain, SegmentMaintenance maintenance, PartWriter parts, ObjectLoader loader, LogName name)
{
    private const int LoadsAtOnce = 16;
    private readonly List<ChainEntry> _results = [];
    private readonly List<ChainEntry> _written = [];
    private readonly List<PendingGarbage> _garbage = [];
    private int _entries;

    /// <summary>Executes the plan, or abandons it.</summary>
    public async Task RunAsync(MaintenancePlan plan)
    {
        // A plan for the tail covers all of it as of now; chunks appended meanwhile stay in the tail.
        _entries = plan.Entries;
        var (end, ordinal, link) = (chain.State.Durable, chain.State.NextOrdinal, chain.State.LastHash);
        foreach (var change in plan.Changes)
        {
            var done = change.Kind switch
            {
                ChangeKind.Merge => await MergeAsync(change),
                ChangeKind.MergeListed => await MergeListedAsync(change.Sources),
                ChangeKind.TurnPage or ChangeKind.ListUnmerged => await TurnPageAsync(change),
                ChangeKind.OpenPage => await OpenPageAsync(change.Sources[0]),
                ChangeKind.Drop => Drop(change.Sources),
                _ => Keep(change),
            };
            if (!done)
            {
                parts.Abandon(_written);
                return;
            }
        }

        var fences = chain.State.Tail.Take(plan.TailChunks).Where(chunk => chunk.HoldsPlace).Select(chunk => chunk.FirstOrdinal).ToArray();
        var outcome = await maintenance.InsistAsync(() => parts.WriteHeadAsync(
            head =>
            {
                var next = head with { Entries = Replace(head.Entries, plan) };
                return plan.TailChunks == 0 ? next : next with
                {
                    TailOrdinal = ordinal,
                    TailBase = end,
                    TailLink = link,
                    Fences = head.WithFences(fences),
                };
            },
            _garbage,
            plan.TailChunks));
        if (outcome != WriteOutcome.Done)
        {
            // Not listed as far as known: it may be, if another leader has taken over since.
            return;
        }

        chain.Options.Metrics.Seals.Add(1);
    }

    private ChainEntry[] Replace(ChainEntry[] entries, MaintenancePlan plan) =>
        [.. entries.AsSpan(0, plan.FirstEntry), .. _results, .. entries.AsSpan(plan.FirstEntry + _entries)];

    private bool Keep(Change change)
    {
        _results.Add(change.Sources[0] with { Level = change.Level });
        return true;
    }

    private bool Drop(IEnumerable<ChainEntry> sources)
    {
        _garbage.AddRange(PendingGarbage.Of(sources));
        return true;
    }

    private async Task<bool> OpenPageAsync(ChainEntry page)
    {
        if (await ReadPageAsync(page) is not { } listed)
        {
            return false;
        }

        // Pages below the start are opened in turn.
        var start = chain.State.Head.Start;
        var gone = listed.TakeWhile(entry => entry.End <= start && entry.Kind != ObjectKind.Page).ToArray();
        _results.AddRange(listed.AsSpan(gone.Length));
        return Drop([.. gone, page]);
    }

    private async Task<bool> MergeAsync(Change change)
    {
        var run = new Run();
        foreach (var source in change.Sources)
        {
            var (loaded, wasResident) = await LoadAsync(source);
            if (loaded.Object is not { } found)
            {
                if (loaded.Status != FetchStatus.Unreachable)
                {
                    chain.State.MarkDamaged(source.Key);
                }

                return false;
            }

            run.Add(source, found, wasResident);
        }

        return await EndAsync(run, change.Level);
    }

    /// <summary>
    /// Merges the small chunks that pages list until a segment is full or no page is left. What is large or damaged is listed as it is.
    /// </summary>
    private async Task<bool> MergeListedAsync(ChainEntry[] pages)
    {
        var run = new Run();
        for (_entries = 0; _entries < pages.Length && run.Bytes < chain.Options.SegmentBytes; _entries++)
        {
            if (await ReadPageAsync(pages[_entries]) is not { } listed)
            {
                return false;
            }

            for (var from = 0; from < listed.Length; from += LoadsAtOnce)
            {
                var some = listed[from..Math.Min(from + LoadsAtOnce, listed.Length)];
                var loads = await Task.WhenAll(some.Select(entry => IsMergeable(entry) ? LoadAsync(entry) : Task.FromResult<(Loaded, bool)>(default)));
                if (chain.IsClosed)
                {
                    return false;
                }

                for (var i = 0; i < some.Length; i++)
                {
                    var ((_, found), wasResident) = loads[i];

                    // A pass of compaction ends between two objects. One that held both sides would be left out of it.
                    var mark = chain.State.Head.Compaction;
                    var ends = found is null || (mark.IsPassUnderWay && some[i].Base == mark.PassEnd);
                    if (ends && !await EndAsync(run))
                    {
                        return false;
                    }

                    if (found is not null)
                    {
                        run.Add(some[i], found, wasResident);
                    }
                    else
                    {
                        _results.Add(IsMergeable(some[i]) ? some[i] with { IsDamaged = true, Level = ChainEntry.FullLevel } : some[i]);
                    }
                }
            }
        }

        return await EndAsync(run) && Drop(pages.AsSpan(0, _entries).ToArray());
    }

    private static bool IsMergeable(in ChainEntry entry) => entry is { Kind: ObjectKind.Chunk, Level: < ChainEntry.FullLevel };

    private Task<bool> EndAsync(Run run) =>
        run.Sources is [{ } only] && only.Base < only.End
            ? Task.FromResult(KeepOnly(run))
            : EndAsync(run, run.Bytes >= chain.Options.SegmentBytes / 2 ? ChainEntry.FullLevel : (byte)0);

    private bool KeepOnly(Run run)
    {
        _results.Add(run.Sources[0]);
        run.Clear();
        return true;
    }

    /// <summary>Makes one segment of a run, which is empty then. Fences alone are dropped.</summary>
    private async Task<bool> EndAsync(Run run, byte level)
    {
        _garbage.AddRange(PendingGarbage.Of(run.Sources));
        if (run.Sources.Count > 0 && run.Sources[0].Base < run.Sources[^1].End)
        {
            var segment = PartLayout.Segment(run.Objects, run.Sources[0].Base, chain.Epoch, chain.Writer, name.Tag, out var stored);
            if (await WriteAsync(segment, stored, level) is not { } entry)
            {
                return false;
            }

            if (run.WereResident)
            {
                // Readers continue on the same memory.
                loader.Keep(entry.Key, segment);
            }
        }

        run.Clear();
        return true;
    }

    private async Task<bool> TurnPageAsync(Change change)
    {
        var isUnmerged = change.Kind == ChangeKind.ListUnmerged;
        var page = PartLayout.Page(change.Sources, chain.Epoch, chain.Writer, name.Tag, out var stored);
        if (await WriteAsync(page, stored, change.Level, isUnmerged) is not { } entry)
        {
            return false;
        }

        if (isUnmerged)
        {
            // Readers are about to look for their chunks here.
            loader.Keep(entry.Key, page);
        }

        return true;
    }

    private async Task<ChainEntry?> WriteAsync(LogObject part, StoredObject stored, byte level, bool isUnmerged = false)
    {
        ChainEntry? entry = null;
        await maintenance.InsistAsync(async () =>
        {
            (var outcome, entry) = await parts.WriteAsync(part, stored, level);
            return outcome;
        });
        if (entry is { } written)
        {
            entry = written with { IsUnmerged = isUnmerged };
            _results.Add(entry.Value);
            _written.Add(entry.Value);
        }

        return entry;
    }

    /// <summary>The entries of a page; null if it is damaged or the chain closes.</summary>
    private async Task<ChainEntry[]?> ReadPageAsync(ChainEntry page)
    {
        while (!chain.IsClosed)
        {
            var (status, listed) = await new EntryWalk(loader).ReadPageAsync(page);
            switch (status)
            {
                case FetchStatus.Found:
                    return listed;
                case FetchStatus.Unreachable:
                    await chain.PauseAsync();
                    break;
                default:
                    chain.State.MarkDamaged(page.Key);
                    return null;
            }
        }

        return null;
    }

    /// <summary>Loads an object, and says whether it was cached; waits while storage cannot be read, unless the chain closes.</summary>
    private async Task<(Loaded Loaded, bool WasResident)> LoadAsync(ChainEntry entry)
    {
        var wasResident = loader.TryGetResident(entry, out _);
        while (true)
        {
            // What is about to be replaced would displace what readers use.
            var loaded = await loader.LoadAsync(entry, caches: false);
            if (loaded.Status != FetchStatus.Unreachable || chain.IsClosed)
            {
                return (loaded, wasResident);
            }

            await chain.PauseAsync();
        }
    }

    /// <summary>Adjacent objects that become one segment.</summary>
    private sealed class Run
    {
        public List<ChainEntry> Sources { get; } = [];

        public List<LogObject> Objects { get; } = [];

        public long Bytes { get; private set; }

        public bool WereResident { get; private set; } = true;

        public void Add(in ChainEntry source, LogObject loaded, bool wasResident)
        {
            Sources.Add(source);
            Objects.Add(loaded);
            Bytes += source.Bytes;
            WereResident &= wasResident;
        }

        public void Clear()
        {
            Sources.Clear();
            Objects.Clear();
            (Bytes, WereResident) = (0, true);
        }
    }
}
