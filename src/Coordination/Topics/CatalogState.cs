using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// The names of all topics, at most one for each <see cref="TopicName.MetricForm"/>. Transitions of a name; any other is a bug:
/// <code>
///   unknown --Announced--> announced --Exists--> exists --Announced--> announced --Gone--> unknown
/// </code>
/// A topic that settles may report Exists or Gone in any state.
/// </summary>
public sealed class CatalogState
{
    private readonly Dictionary<string, TopicName> _byMetricForm = new(StringComparer.Ordinal);
    private readonly List<TopicName> _live = [];
    private readonly SortedSet<TopicName> _unsettled = [];

    /// <summary>The number of known names, existing or announced.</summary>
    public int Count => _byMetricForm.Count;

    /// <summary>The existing names, in ordinal order.</summary>
    public IReadOnlyList<TopicName> Live => _live;

    /// <summary>The announced names, in ordinal order.</summary>
    public IReadOnlyCollection<TopicName> Unsettled => _unsettled;

    /// <summary>Finds the known name with the same metric form: the name itself or another; false if there is none.</summary>
    public bool TryFindAlike(TopicName name, out TopicName alike) => _byMetricForm.TryGetValue(name.MetricForm, out alike);

    /// <summary>Whether the name exists.</summary>
    public bool Exists(TopicName name) => _live.BinarySearch(name) >= 0;

    /// <summary>Whether the name is announced.</summary>
    public bool IsAnnounced(TopicName name) => _unsettled.Contains(name);

    /// <summary>Returns up to <paramref name="max"/> existing names that follow <paramref name="after"/>.</summary>
    public (TopicName[] Names, bool HasMore) Page(string after, int max)
    {
        var (from, to) = (0, _live.Count);
        while (from < to)
        {
            var middle = (from + to) / 2;
            (from, to) = string.CompareOrdinal(_live[middle].Value, after) <= 0 ? (middle + 1, to) : (from, middle);
        }

        var count = Math.Min(max, _live.Count - from);
        return ([.. _live[from..(from + count)]], from + count < _live.Count);
    }

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(CatalogRecord record)
    {
        switch (record)
        {
            case CatalogRecord.Announced { Name: var name }:
                Know(name);
                Unlist(name);
                _unsettled.Add(name);
                break;
            case CatalogRecord.Exists { Name: var name }:
                Know(name);
                _unsettled.Remove(name);
                if (_live.BinarySearch(name) is < 0 and var at)
                {
                    _live.Insert(~at, name);
                }

                break;
            case CatalogRecord.Gone { Name: var name }:
                _byMetricForm.Remove(name.MetricForm);
                _unsettled.Remove(name);
                Unlist(name);
                break;
            case CatalogRecord.Snapshot snapshot:
                Invariant.Check(Count == 0, "a snapshot comes first");
                foreach (var name in snapshot.Live)
                {
                    Know(name);
                    _live.Add(name);
                }

                _live.Sort();
                foreach (var name in snapshot.Unsettled)
                {
                    Know(name);
                    _unsettled.Add(name);
                }

                break;
        }

        Invariant.Check(_live.Count + _unsettled.Count == Count, "a name is listed or unsettled, never both");
    }

    /// <summary>The whole catalog as one record.</summary>
    public CatalogRecord Snapshot() => new CatalogRecord.Snapshot(_live, [.. _unsettled]);

    private void Know(TopicName name)
    {
        _byMetricForm.TryAdd(name.MetricForm, name);
        Invariant.Check(_byMetricForm[name.MetricForm] == name, "no two names share a metric form");
    }

    private void Unlist(TopicName name)
    {
        if (_live.BinarySearch(name) is >= 0 and var at)
        {
            _live.RemoveAt(at);
        }
    }
}
