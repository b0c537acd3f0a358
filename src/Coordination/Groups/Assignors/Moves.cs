namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The moves made while an assignment is being balanced. If two members swapped partitions of one topic, both would lose stickiness for no
/// gain, so an earlier move in the opposite direction is undone instead of making a second move.
/// </summary>
internal sealed class Moves(SubscribedPartitions partitions)
{
    private readonly Dictionary<int, (int From, int To)> _moved = [];
    private readonly Dictionary<(int Topic, int From, int To), SortedSet<int>> _byRoute = [];

    /// <summary>
    /// The partition whose earlier move, in the opposite direction, should be undone instead; null if there is none. Of several candidates,
    /// the one with the lowest number; Kafka takes the first in hash set order.
    /// </summary>
    public int? FindReverse(int partition, int from, int to)
    {
        var first = _moved.TryGetValue(partition, out var route) ? route.From : from;
        return _byRoute.TryGetValue((partitions.TopicOf(partition), to, first), out var back) ? back.Min : null;
    }

    /// <summary>Records a move. Several moves of one partition collapse into one, from its first owner to its last.</summary>
    public void Add(int partition, int from, int to)
    {
        var topic = partitions.TopicOf(partition);
        if (_moved.Remove(partition, out var route))
        {
            from = route.From;
            var same = _byRoute[(topic, route.From, route.To)];
            same.Remove(partition);
            if (same.Count == 0)
            {
                _byRoute.Remove((topic, route.From, route.To));
            }
        }

        if (from == to)
        {
            return;
        }

        _moved.Add(partition, (from, to));
        if (!_byRoute.TryGetValue((topic, from, to), out var others))
        {
            _byRoute.Add((topic, from, to), others = []);
        }

        others.Add(partition);
    }
}
