using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// Executes one plan: writes the parts one at a time, and then one head that lists them all. A damaged source ends the attempt; it is
/// marked, and the next plan leaves it as it is.
/// </summary>
internal sealed class PlanExecution(Chain chain, SegmentMaintenance maintenance, PartWriter parts, ObjectLoader loader, LogName name)
{
    private readonly List<ChainEntry> _results = [];
    private readonly List<ChainEntry> _written = [];
    private readonly List<PendingGarbage> _garbage = [];

    /// <summary>Executes the plan, or abandons it.</summary>
    public async Task RunAsync(MaintenancePlan plan)
    {
        // A plan for the tail covers all of it as of now; chunks appended meanwhile stay in the tail.
        var (end, ordinal, link) = (chain.State.Durable, chain.State.NextOrdinal, chain.State.LastHash);
        foreach (var change in plan.Changes)
        {
            var done = change.Kind switch
            {
                ChangeKind.Merge => await MergeAsync(change),
                ChangeKind.TurnPage => await TurnPageAsync(change),
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
        [.. entries.AsSpan(0, plan.FirstEntry), .. _results, .. entries.AsSpan(plan.FirstEntry + plan.Entries)];

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
        while (!chain.IsClosed)
        {
            var (status, listed) = await new EntryWalk(loader).ReadPageAsync(page);
            switch (status)
            {
                case FetchStatus.Found:
                    // Pages below the start are opened in turn.
                    var start = chain.State.Head.Start;
                    var gone = listed.TakeWhile(entry => entry.End <= start && entry.Kind != ObjectKind.Page).ToArray();
                    _results.AddRange(listed.AsSpan(gone.Length));
                    return Drop([.. gone, page]);
                case FetchStatus.Unreachable:
                    await chain.PauseAsync();
                    break;
                default:
                    chain.State.MarkDamaged(page.Key);
                    return false;
            }
        }

        return false;
    }

    private async Task<bool> MergeAsync(Change change)
    {
        var wereResident = true;
        var sources = new List<LogObject>(change.Sources.Length);
        foreach (var source in change.Sources)
        {
            wereResident &= loader.TryGetResident(source, out _);
            if (await LoadAsync(source) is not { } loaded)
            {
                return false;
            }

            sources.Add(loaded);
        }

        _garbage.AddRange(PendingGarbage.Of(change.Sources));
        if (change.Sources[0].Base == change.Sources[^1].End)
        {
            // Only fences: nothing to merge.
            return true;
        }

        var segment = PartLayout.Segment(sources, change.Sources[0].Base, chain.Epoch, chain.Writer, name.Tag, out var stored);
        if (await WriteAsync(segment, stored, change.Level) is not { } entry)
        {
            return false;
        }

        if (wereResident)
        {
            // Readers continue on the same memory.
            loader.Keep(entry.Key, segment);
        }

        return true;
    }

    private async Task<bool> TurnPageAsync(Change change)
    {
        var page = PartLayout.Page(change.Sources, chain.Epoch, chain.Writer, name.Tag, out var stored);
        return await WriteAsync(page, stored, change.Level) is not null;
    }

    private async Task<ChainEntry?> WriteAsync(LogObject part, StoredObject stored, byte level)
    {
        ChainEntry? entry = null;
        await maintenance.InsistAsync(async () =>
        {
            (var outcome, entry) = await parts.WriteAsync(part, stored, level);
            return outcome;
        });
        if (entry is { } written)
        {
            _results.Add(written);
            _written.Add(written);
        }

        return entry;
    }

    private async Task<LogObject?> LoadAsync(ChainEntry entry)
    {
        while (!chain.IsClosed)
        {
            var loaded = await loader.LoadAsync(entry);
            switch (loaded.Status)
            {
                case FetchStatus.Found:
                    return loaded.Object;
                case FetchStatus.Unreachable:
                    await chain.PauseAsync();
                    break;
                default:
                    chain.State.MarkDamaged(entry.Key);
                    return null;
            }
        }

        return null;
    }
}
