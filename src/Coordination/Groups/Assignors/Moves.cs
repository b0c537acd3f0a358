namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The moves of an assignment that is being balanced. Two members that exchange partitions of one topic would lose what they had for
/// nothing, so a partition that has gone the other way returns in the place of a second one.
/// </summary>
internal sealed class Moves(SubscribedPartitions partitions)
{
    private readonly Dictionary<int, (int From, int To)> _moved = [];
    private readonly Dictionary<(int Topic, int From, int To), SortedSet<int>> _byWay = [];

    /// <summary>
    /// The partition that should move to a member in the place of another; null if that one itself should. Of several, the one with the
    /// lowest number; Kafka takes the first of a hash set.
    /// </summary>
    public int? Instead(int partition, int from, int to)
    {
        var first = _moved.TryGetValue(partition, out var way) ? way.From : from;
        return _byWay.TryGetValue((partitions.TopicOf(partition), to, first), out var back) ? back.Min : null;
    }

    /// <summary>Notes a move. Several moves of one partition are one, from its first owner to its last.</summary>
    public void Add(int partition, int from, int to)
    {
        var topic = partitions.TopicOf(partition);
        if (_moved.Remove(partition, out var way))
        {
            from = way.From;
            var same = _byWay[(topic, way.From, way.To)];
            same.Remove(partition);
            if (same.Count == 0)
            {
                _byWay.Remove((topic, way.From, way.To));
            }
        }

        if (from == to)
        {
            return;
        }

        _moved.Add(partition, (from, to));
        if (!_byWay.TryGetValue((topic, from, to), out var others))
        {
            _byWay.Add((topic, from, to), others = []);
        }

        others.Add(partition);
    }
}
