using System.Collections.Concurrent;
using Loire.Coordination.Placement;
using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Grains.Placement;

/// <summary>
/// Which broker leads a partition: the one that its topic prefers, or another one while that is away. What topics prefer is cached, so the
/// answer may be as old as <see cref="MaxAge"/>; a partition at the wrong broker is moved later, and its log fences the owner before it.
/// Thread-safe.
/// </summary>
internal sealed class PartitionLeaders(ServingBrokers brokers, IGrainFactory grains, TimeProvider time) : ILeaderCache
{
    /// <summary>How long an answer of a topic is used.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    // A topic that does not answer in time must not keep its partitions from being placed.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<TopicId, Preferred> _topics = new();

    /// <summary>The broker that leads a partition; null if the silos are not brokers.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="mayGuess">
    /// Whether any broker will do while the topic cannot be asked, as for a partition that must be opened somewhere; otherwise the answer is null
    /// then, because one that is open must not move on a guess.
    /// </param>
    public async ValueTask<ServingBroker?> FindAsync(PartitionKey partition, bool mayGuess)
    {
        var serving = brokers.All;
        if (serving.Length <= 1)
        {
            return serving.Length == 0 ? null : serving[0];
        }

        var preferred = await PreferredAsync(partition);
        if (preferred is null && !mayGuess)
        {
            return null;
        }

        var leader = PlacementRules.Leader(partition, preferred ?? PlacementRules.NoBroker, [.. serving.Select(broker => broker.Id)]);
        return serving.First(broker => broker.Id == leader);
    }

    /// <inheritdoc/>
    public void Forget(TopicId topic) => _topics.TryRemove(topic, out _);

    private async ValueTask<int?> PreferredAsync(PartitionKey partition)
    {
        if (!_topics.TryGetValue(partition.Id, out var known) || time.GetElapsedTime(known.AskedAt) > MaxAge)
        {
            known = new Preferred(AskAsync(partition), time.GetTimestamp());
            _topics[partition.Id] = known;
            if (_topics.Count > Limits.CachedTopics)
            {
                Trim();
            }
        }

        var leaders = await known.Leaders;
        if (leaders is null)
        {
            _topics.TryRemove(KeyValuePair.Create(partition.Id, known));
            return null;
        }

        return partition.Partition < leaders.Length ? leaders[partition.Partition] : PlacementRules.NoBroker;
    }

    private async Task<int[]?> AskAsync(PartitionKey partition)
    {
        try
        {
            var answer = await grains.GetGrain<ITopicGrain>(partition.Topic.Value).Describe().AsTask().WaitAsync(Patience, time);
            return answer.Topic is { } topic && topic.Id == partition.Id ? topic.PreferredLeaders ?? [] : null;
        }
        catch (Exception)
        {
            // The topic cannot be asked now.
            return null;
        }
    }

    private void Trim()
    {
        foreach (var pair in _topics.OrderBy(pair => pair.Value.AskedAt).Take(_topics.Count / 10).ToArray())
        {
            _topics.TryRemove(pair);
        }
    }

    private sealed record Preferred(Task<int[]?> Leaders, long AskedAt);
}
