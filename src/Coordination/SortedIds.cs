namespace Loire.Coordination;

/// <summary>Ids in ordinal order of their text, for the part of a catalog that is held in memory.</summary>
/// <param name="text">The text of an id; different ids have different texts.</param>
public sealed class SortedIds<TId>(Func<TId, string> text)
{
    private readonly List<TId> _ids = [];

    /// <summary>All ids in order.</summary>
    public IReadOnlyList<TId> All => _ids;

    /// <summary>The number of ids.</summary>
    public int Count => _ids.Count;

    /// <summary>Whether an id is among them.</summary>
    public bool Contains(TId id) => Find(text(id)) >= 0;

    /// <summary>Adds an id unless it is there.</summary>
    public void Add(TId id)
    {
        if (Find(text(id)) is < 0 and var at)
        {
            _ids.Insert(~at, id);
        }
    }

    /// <summary>Adds ids that follow all others, in order.</summary>
    public void AddLast(IEnumerable<TId> ids) => _ids.AddRange(ids);

    /// <summary>Removes an id if it is there.</summary>
    public void Remove(TId id)
    {
        if (Find(text(id)) is >= 0 and var index)
        {
            _ids.RemoveAt(index);
        }
    }

    /// <summary>Returns up to <paramref name="max"/> ids that follow <paramref name="after"/>, which need not be a known or legal id.</summary>
    public (TId[] Ids, bool HasMore) Page(string after, int max)
    {
        var found = Find(after);
        var from = found >= 0 ? found + 1 : ~found;
        var count = Math.Min(max, _ids.Count - from);
        return ([.. _ids[from..(from + count)]], from + count < _ids.Count);
    }

    private int Find(string id)
    {
        var (low, high) = (0, _ids.Count - 1);
        while (low <= high)
        {
            var middle = low + ((high - low) / 2);
            var order = string.CompareOrdinal(text(_ids[middle]), id);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
