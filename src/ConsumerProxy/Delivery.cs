using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.ConsumerProxy;

/// <summary>The records of one answer, within the bounds of its request.</summary>
internal sealed class Delivery(int maxRecords, int maxBytes)
{
    private readonly List<ConsumedSlice> _slices = [];
    private int _records;
    private long _bytes;

    public bool IsEmpty => _slices.Count == 0;

    /// <summary>Whether a bound is reached, or the next record does not fit.</summary>
    public bool IsFull { get; private set; }

    /// <summary>The records, for the answer.</summary>
    public ConsumedSlice[] Slices => [.. _slices];

    /// <summary>Takes as many records as fit; the first record of the answer fits whatever its size.</summary>
    /// <returns>What was taken, and what is left; null for nothing.</returns>
    public (RecordSlice? Taken, RecordSlice? Left) Take(TopicPartition partition, RecordSlice slice)
    {
        var (taken, rest) = slice.Cut(maxRecords - _records, maxBytes - _bytes, takesFirst: IsEmpty);
        if (taken is not null)
        {
            _slices.Add(new ConsumedSlice(partition, taken));
            _records += taken.Count;
            _bytes += taken.Size;
        }

        IsFull = rest is not null || _records >= maxRecords || _bytes >= maxBytes;
        return (taken, rest);
    }
}
