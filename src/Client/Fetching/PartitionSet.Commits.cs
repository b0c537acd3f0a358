using Loire.Model;

namespace Loire.Client;

/// <content>Positions to commit, and committed ones.</content>
internal sealed partial class PartitionSet
{
    private readonly HashSet<TopicPartition> _lost = [];

    /// <summary>The partition of the records delivered last, if it has been revoked or lost since.</summary>
    public TopicPartition? LostInHand
    {
        get
        {
            lock (_lock)
            {
                return _inHand is { } last && (last.IsRevoked || last.IsLost) ? last.Partition : null;
            }
        }
    }

    /// <summary>
    /// A partition that was taken from the consumer with delivered records whose position was not committed, and has not been told before: that of the records
    /// delivered last, if it is one.
    /// </summary>
    public TopicPartition? TakeLost()
    {
        lock (_lock)
        {
            var lost = LostInHand ?? (_lost.Count == 0 ? null : _lost.First());
            _lost.Clear();
            return lost;
        }
    }

    /// <summary>
    /// Returns the partitions whose given records were delivered before the current assignment: the partition was lost in between, and its
    /// interim owner may have advanced further.
    /// </summary>
    public TopicPartition[] Outlived(IEnumerable<TopicPartitionOffset> behindRecords)
    {
        lock (_lock)
        {
            return
            [
                .. behindRecords.Where(one => _partitions.TryGetValue(one.TopicPartition, out var found) && one.Offset <= found.Begin)
                    .Select(one => one.TopicPartition),
            ];
        }
    }

    /// <summary>Returns the positions that are not committed yet.</summary>
    /// <param name="among">The partitions to consider; null for all.</param>
    /// <param name="areFinished">Whether to use the position after finished records instead of the one after all delivered records.</param>
    public List<ReadPosition> Uncommitted(IReadOnlyCollection<TopicPartition>? among, bool areFinished)
    {
        var found = new List<ReadPosition>();
        lock (_lock)
        {
            foreach (var partition in _ring)
            {
                var position = areFinished ? partition.Finished : partition.Position;
                if (position != partition.Committed && !partition.IsLost && (among is null || among.Contains(partition.Partition)))
                {
                    found.Add(new ReadPosition(new TopicPartitionOffset(partition.Partition, position), partition.Topic.Id));
                }
            }
        }

        return found;
    }

    /// <summary>Adds to each offset the creation of the topic that is currently read.</summary>
    public ReadPosition[] Locate(IReadOnlyList<TopicPartitionOffset> offsets)
    {
        lock (_lock)
        {
            return
            [
                .. offsets.Select(one => new ReadPosition(one, _partitions.GetValueOrDefault(one.TopicPartition)?.Topic.Id ?? default)),
            ];
        }
    }

    /// <summary>Records a commit.</summary>
    public void Committed(ReadPosition position)
    {
        lock (_lock)
        {
            _lost.Remove(position.Partition);
            if (_partitions.TryGetValue(position.Partition, out var found) && position.IsOf(found.Topic.Id))
            {
                var offset = position.Offset.Offset;
                found.Committed = offset;
                if (offset > found.Finished && offset <= found.Position)
                {
                    // A commit after a record marks it as finished.
                    found.Finished = offset;
                }
            }
        }
    }

    private void NoteLost(AssignedPartition partition)
    {
        if (partition.Position > partition.Begin && partition.Position != partition.Committed)
        {
            _lost.Add(partition.Partition);
        }
    }
}
