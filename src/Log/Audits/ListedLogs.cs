using Loire.Log.Objects;

namespace Loire.Log.Audits;

/// <summary>What a listing shows of one log: whether it has a head, and its other objects.</summary>
internal sealed class ListedLog(LogName name)
{
    private Guid? _incarnation;
    private bool _hasObjects;

    public LogName Name => name;

    public bool HasHead { get; set; }

    /// <summary>Whether the objects show on their own that some may belong to no living log.</summary>
    public bool IsSuspect => _hasObjects && (!HasHead || HasSeveralIncarnations);

    public bool HasSeveralIncarnations { get; private set; }

    public List<(Guid? Incarnation, ObjectKey Key)> Objects { get; } = [];

    public void Note(Guid? incarnation)
    {
        HasSeveralIncarnations |= _hasObjects && incarnation != _incarnation;
        (_incarnation, _hasObjects) = (incarnation, true);
    }
}

/// <summary>
/// Groups the objects of a store by their logs. The name of a log is <c>{kind}/{key}</c>, or one segment for the only log of its kind. So the
/// key <c>a/{32 digits}/chunk/1</c> belongs to the log <c>a</c> if that has a head, and otherwise to a log <c>a/{32 digits}</c> from before
/// there were incarnations.
/// </summary>
internal static class ListedLogs
{
    /// <summary>Reads a listing.</summary>
    /// <param name="listing">The objects of the store.</param>
    /// <param name="withObjects">Of which logs all objects are remembered.</param>
    /// <param name="cancellation">Ends the listing.</param>
    public static async Task<ICollection<ListedLog>> ReadAsync(
        IObjectListing listing, Func<string, bool> withObjects, CancellationToken cancellation)
    {
        var logs = new Dictionary<string, ListedLog>(StringComparer.Ordinal);
        var ambiguous = new List<(string Log, Guid Incarnation, ObjectKey Key)>();
        await foreach (var id in listing.ListAsync(LogStorage.StateName, LogName.GrainType + "/", cancellation))
        {
            if (!TrySplit(id, out var name, out var incarnation, out var key))
            {
                continue;
            }

            if (incarnation is { } guid && !name.Contains('/', StringComparison.Ordinal))
            {
                ambiguous.Add((name, guid, key));
            }
            else
            {
                Add(name, incarnation, key);
            }
        }

        foreach (var (name, guid, key) in ambiguous)
        {
            var isOfName = logs.TryGetValue(name, out var log) && log.HasHead;
            Add(isOfName ? name : $"{name}/{guid:N}", isOfName ? guid : null, key);
        }

        return logs.Values;

        void Add(string name, Guid? incarnation, ObjectKey key)
        {
            if (!logs.TryGetValue(name, out var log))
            {
                log = new ListedLog(LogName.FromKey(name));
                logs.Add(name, log);
            }

            if (key == ObjectKey.Head)
            {
                log.HasHead = true;
                return;
            }

            log.Note(incarnation);
            if (withObjects(name))
            {
                log.Objects.Add((incarnation, key));
            }
        }
    }

    /// <summary>Splits the id of an object's grain; false if it belongs to no log.</summary>
    private static bool TrySplit(string id, out string name, out Guid? incarnation, out ObjectKey key)
    {
        (name, incarnation, key) = ("", null, ObjectKey.Head);
        var text = id.AsSpan(LogName.GrainType.Length + 1);
        var end = text.LastIndexOf('/');
        if (end > 0 && text[end..] is not "/head")
        {
            end = text[..end].LastIndexOf('/');
            var before = end < 0 ? -1 : text[..end].LastIndexOf('/');
            if (before > 0 && end - before - 1 == ObjectKey.IncarnationLength && ObjectKey.TryParse(text[(before + 1)..], out incarnation, out _))
            {
                end = before;
            }
        }

        if (end <= 0 || !ObjectKey.TryParse(text[(end + 1)..], out incarnation, out key))
        {
            return false;
        }

        name = text[..end].ToString();
        return true;
    }
}
