using Loire.Model;

namespace Loire.Coordination.Producers;

/// <summary>A transaction that was aborted in a partition.</summary>
/// <param name="Producer">The producer's id.</param>
/// <param name="FirstOffset">The offset of its first record.</param>
/// <param name="MarkerOffset">The offset of its marker.</param>
/// <param name="LastStable">The last stable offset once the marker was there: no later transaction of the index begins before it.</param>
public readonly record struct AbortedSpan(long Producer, Offset FirstOffset, Offset MarkerOffset, Offset LastStable)
{
    /// <summary>Whether a batch belongs to it.</summary>
    public bool Covers(long producer, Offset offset) => producer == Producer && FirstOffset <= offset && offset < MarkerOffset;
}

/// <summary>
/// The aborted transactions of a partition, in the order of their markers (KIP-98). Readers get those that overlap what they read. Not thread-safe.
/// </summary>
public sealed class AbortedTransactions
{
    private readonly List<AbortedSpan> _spans = [];

    /// <summary>How many there are.</summary>
    public int Count => _spans.Count;

    /// <summary>All of them, in the order of their markers.</summary>
    public IReadOnlyList<AbortedSpan> Spans => _spans;

    /// <summary>Adds the next one.</summary>
    public void Add(AbortedSpan span)
    {
        Invariant.Check(_spans.Count == 0 || span.MarkerOffset > _spans[^1].MarkerOffset, "markers are read in order");
        _spans.Add(span);
    }

    /// <summary>Those with records from one offset (inclusive) to another (exclusive), in the order of their markers.</summary>
    public List<AbortedSpan> Overlapping(Offset from, Offset to)
    {
        List<AbortedSpan> found = [];
        for (var i = FirstEndingFrom(from); i < _spans.Count; i++)
        {
            if (_spans[i].FirstOffset < to)
            {
                found.Add(_spans[i]);
            }

            if (_spans[i].LastStable >= to)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>Forgets those that end before an offset: nothing of them can be read any more.</summary>
    public void Trim(Offset before) => _spans.RemoveRange(0, FirstEndingFrom(before));

    /// <summary>Forgets all.</summary>
    public void Clear() => _spans.Clear();

    private int FirstEndingFrom(Offset from)
    {
        var (low, high) = (0, _spans.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _spans[middle].MarkerOffset < from ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
