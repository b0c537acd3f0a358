using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// When the catalog asks each topic to look after its closed partitions. Kept in memory only: a topic of which nothing is known is asked once, and
/// each one at least every <see cref="LongestWait"/>, whatever it has said. Times are those of a clock that is never set.
/// </summary>
public sealed class RetentionSchedule
{
    /// <summary>How long a topic is left alone at most: its silo's clock may be set, and its calls may be lost.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly Dictionary<TopicName, TimeSpan> _due = [];

    /// <summary>Takes the topics that are due, the longest due first.</summary>
    /// <param name="topics">The topics that exist; others are forgotten.</param>
    /// <param name="now">The time.</param>
    /// <param name="max">How many at most.</param>
    public IReadOnlyList<TopicName> Take(IReadOnlyList<TopicName> topics, TimeSpan now, int max)
    {
        if (_due.Count > topics.Count)
        {
            foreach (var name in _due.Keys.Except(topics).ToArray())
            {
                _due.Remove(name);
            }
        }

        var taken = topics.Select(name => (Name: name, Due: _due.GetValueOrDefault(name, TimeSpan.MinValue)))
            .Where(topic => topic.Due <= now)
            .OrderBy(topic => topic.Due)
            .Take(max)
            .Select(topic => topic.Name)
            .ToList();
        foreach (var name in taken)
        {
            _due[name] = now + LongestWait;
        }

        return taken;
    }

    /// <summary>Asks a topic in a while, or earlier if it is due earlier already.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="now">The time.</param>
    /// <param name="wait">How long it can be left alone; null for as long as there is no news.</param>
    public void AskWithin(TopicName topic, TimeSpan now, TimeSpan? wait)
    {
        var due = now + (wait is { } known && known < LongestWait ? known : LongestWait);
        _due[topic] = _due.TryGetValue(topic, out var before) && before < due ? before : due;
    }
}
