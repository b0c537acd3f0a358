using Loire.Model;

namespace Loire.Client;

/// <content>What may be committed, and what was.</content>
internal sealed partial class PartitionSet
{
    /// <summary>The partition whose records were handed out last, if it was revoked since.</summary>
    public TopicPartition? LostInHand
    {
        get
        {
            lock (_lock)
            {
                return _inHand is { IsRevoked: true } lost ? lost.Partition : null;
            }
        }
    }

    /// <summary>
    /// Those of some positions behind records whose records were not handed out since their partition was assigned: it was lost since,
    /// and whoever had it meanwhile may be further.
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

    /// <summary>The positions that are not committed.</summary>
    /// <param name="among">Of these partitions; null for all.</param>
    /// <param name="areFinished">Only behind what the application is done with, instead of behind everything that it was given.</param>
    public List<ReadPosition> Uncommitted(IReadOnlyCollection<TopicPartition>? among, bool areFinished)
    {
        var found = new List<ReadPosition>();
        lock (_lock)
        {
            foreach (var partition in _ring)
            {
                var position = areFinished ? partition.Finished : partition.Position;
                if (position != partition.Committed && (among is null || among.Contains(partition.Partition)))
                {
                    found.Add(new ReadPosition(new TopicPartitionOffset(partition.Partition, position), partition.Topic.Id));
                }
            }
        }

        return found;
    }

    /// <summary>Offsets as positions in the topics as they are read now.</summary>
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

    /// <summary>Notes a commit.</summary>
    public void Committed(ReadPosition position)
    {
        lock (_lock)
        {
            if (_partitions.TryGetValue(position.Partition, out var found) && position.IsOf(found.Topic.Id))
            {
                var offset = position.Offset.Offset;
                found.Committed = offset;
                if (offset > found.Finished && offset <= found.Position)
                {
                    // A commit behind a record says that the application is done with it.
                    found.Finished = offset;
                }
            }
        }
    }
}
