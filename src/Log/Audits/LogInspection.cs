using Loire.Log.Chains;
using Loire.Log.Objects;
using Orleans.Storage;

namespace Loire.Log.Audits;

/// <summary>Compares what a listing shows of one log with what its head lists. The head is read after the listing.</summary>
internal sealed class LogInspection
{
    private readonly ListedLog _log;
    private readonly ChainObjects _store;
    private readonly ObjectLoader _loader;
    private readonly List<LogFinding> _findings = [];

    public LogInspection(ListedLog log, IGrainStorage storage, TimeProvider time)
    {
        _log = log;
        var options = new ChainOptions();
        _store = new ChainObjects(new StorageCalls(storage, log.Name, Guid.Empty, options, time), log.Name);
        _loader = new ObjectLoader(_store, new ObjectCache(0), options, time);
    }

    public async Task<List<LogFinding>> FindAsync()
    {
        var read = await _store.ReadHeadAsync();
        if (read.Status is FetchStatus.Damaged or FetchStatus.Unreachable)
        {
            Add(LogFindingKind.Unreadable, null, ObjectKey.Head);
            return _findings;
        }

        var incarnation = read.Head.Incarnation;
        var own = new HashSet<ObjectKey>();
        foreach (var found in _log.Objects)
        {
            if (read.Status == FetchStatus.Found && found.Incarnation == incarnation)
            {
                own.Add(found.Key);
            }
            else
            {
                Add(LogFindingKind.Leaked, found.Incarnation, found.Key);
            }
        }

        if (read.Head.IsDeleting)
        {
            Add(LogFindingKind.BeingDeleted, null, ObjectKey.Head);
        }
        else if (read.Status == FetchStatus.Found)
        {
            _store.Incarnation = incarnation;
            await CompareAsync(read.Head, own);
        }

        return _findings;
    }

    private async Task CompareAsync(Head head, HashSet<ObjectKey> own)
    {
        var listed = new HashSet<ObjectKey>();
        var isComplete = await CollectAsync(head.Entries, listed);
        listed.UnionWith(head.Tables.SelectMany(table => table.Keys()));
        var next = own.Where(key => key.Kind == ObjectKeyKind.Chunk).Select(key => key.Number + 1).Append(head.KnownOrdinal).Max();
        for (var ordinal = head.TailOrdinal; ordinal < next; ordinal++)
        {
            listed.Add(ObjectKey.Chunk(ordinal));
        }

        foreach (var missing in listed.Except(own))
        {
            Add(LogFindingKind.Missing, head.Incarnation, missing);
        }

        foreach (var unlisted in own.Except(listed).Where(key => isComplete && !IsExpected(head, key)))
        {
            Add(LogFindingKind.Unlisted, head.Incarnation, unlisted);
        }
    }

    /// <summary>Whether an object that no entry lists has its place: garbage, a permanent fence, or a part that the leader is about to list.</summary>
    private static bool IsExpected(Head head, ObjectKey key) =>
        head.Garbage.Any(item => item.Covers(key))
        || (key.Kind == ObjectKeyKind.Part ? key.Number == head.Revision : key.Number == 0 || head.Fences.Contains(key.Number));

    /// <summary>Collects what entries list, pages followed; false if a page cannot be read.</summary>
    private async Task<bool> CollectAsync(ReadOnlyMemory<ChainEntry> entries, HashSet<ObjectKey> listed)
    {
        var isComplete = true;
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries.Span[i];
            listed.Add(entry.Key);
            if (entry.Kind != ObjectKind.Page)
            {
                continue;
            }

            var (status, below) = await new EntryWalk(_loader).ReadPageAsync(entry);
            if (status == FetchStatus.Found)
            {
                isComplete &= await CollectAsync(below, listed);
                continue;
            }

            isComplete = false;
            if (status != FetchStatus.Absent)
            {
                Add(LogFindingKind.Unreadable, _store.Incarnation, entry.Key);
            }
        }

        return isComplete;
    }

    private void Add(LogFindingKind kind, Guid? incarnation, ObjectKey key) =>
        _findings.Add(new LogFinding(kind, LogName.Unescape(_log.Name.Text), _log.Name.IdOf(key, incarnation).ToString()));
}
