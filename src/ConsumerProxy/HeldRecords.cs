using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.ConsumerProxy;

/// <summary>Records that have arrived and are not delivered yet, in their order.</summary>
internal sealed class HeldRecords
{
    private readonly LinkedList<ConsumedSlice> _slices = [];
    private long _bytes;
    private int _records;

    /// <summary>Whether an answer of at most <paramref name="maxRecords"/> records should wait for more.</summary>
    /// <param name="leastBytes">The answer waits for so many bytes; for a single record, whatever its size, if this is 1.</param>
    /// <param name="maxRecords">The answer does not wait beyond so many records.</param>
    public bool IsShortOf(long leastBytes, int maxRecords) =>
        _records == 0 || (leastBytes > 1 && _bytes < leastBytes && _records < maxRecords);

    /// <summary>Adds records behind the others.</summary>
    public void Add(PartitionSlices records)
    {
        foreach (var slice in records.Slices)
        {
            _slices.AddLast(new ConsumedSlice(records.Partition, slice));
            Count(slice, 1);
        }
    }

    /// <summary>Moves consecutive records of one partition into a delivery, as many as fit.</summary>
    /// <returns>The partition, the first offset, and the one after the last; null if nothing is held or nothing fits.</returns>
    public (TopicPartition Partition, Offset From, Offset Next)? MoveTo(Delivery delivery)
    {
        (TopicPartition Partition, Offset From, Offset Next)? moved = null;
        while (!delivery.IsFull && _slices.First?.Value is { } first && first.Partition == (moved?.Partition ?? first.Partition))
        {
            var (taken, left) = delivery.Take(first.Partition, first.Records);
            Count(first.Records, -1);
            _slices.RemoveFirst();
            if (left is not null)
            {
                _slices.AddFirst(first with { Records = left });
                Count(left, 1);
            }

            if (taken is not null)
            {
                moved = (first.Partition, moved?.From ?? taken.FirstOffset, taken.LastOffset + 1);
            }
        }

        return moved;
    }

    /// <summary>Drops the records of partitions.</summary>
    public void Drop(IReadOnlyCollection<TopicPartition> partitions)
    {
        for (var node = _slices.First; node is not null;)
        {
            var next = node.Next;
            if (partitions.Contains(node.Value.Partition))
            {
                Count(node.Value.Records, -1);
                _slices.Remove(node);
            }

            node = next;
        }
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        _slices.Clear();
        (_bytes, _records) = (0, 0);
    }

    private void Count(RecordSlice slice, int sign) => (_bytes, _records) = (_bytes + (sign * slice.Size), _records + (sign * slice.Count));
}
