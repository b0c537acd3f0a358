namespace Loire.Kafka.Handlers.Producing;

/// <summary>The appends of one connection, in the order of its requests. Used by its one flow.</summary>
/// <param name="create">Makes the appends of a topic.</param>
internal sealed class ConnectionAppends(Func<TopicAppendsKey, TopicAppends> create)
{
    // As many as a client writes to at the same time; some hundred bytes each, and about as much for each partition.
    private const int MaxIdle = 1_000;

    private readonly Dictionary<TopicAppendsKey, TopicAppends> _topics = [];
    private int _trimAt = MaxIdle;

    /// <summary>The appends of a topic.</summary>
    public TopicAppends Of(in TopicAppendsKey key)
    {
        if (_topics.TryGetValue(key, out var appends))
        {
            return appends;
        }

        if (_topics.Count >= _trimAt)
        {
            // What has nothing under way can be made anew.
            foreach (var (idle, _) in _topics.Where(static topic => topic.Value.IsIdle).ToArray())
            {
                _topics.Remove(idle);
            }

            _trimAt = Math.Max(MaxIdle, 2 * _topics.Count);
        }

        appends = create(key);
        _topics.Add(key, appends);
        return appends;
    }
}
