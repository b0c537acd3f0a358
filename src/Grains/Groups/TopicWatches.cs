using System.Collections.Concurrent;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// The topics that the groups of a silo are interested in, each watched by one call that waits for a change, however many groups there are.
/// A watch ends when the topic is deleted or cannot be reached, or when no group has asked for a while. Thread-safe.
/// </summary>
internal sealed class TopicWatches(IGrainFactory grains, TimeProvider time)
{
    private static readonly TimeSpan _wait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _unusedFor = TimeSpan.FromMinutes(2);

    // A topic that stops answers at once, and two activations of one topic may answer in turns.
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<TopicName, Watched> _watched = new();

    /// <summary>A watched topic as it is known; null if it is not watched.</summary>
    public TopicDescription? Find(TopicName topic)
    {
        if (!_watched.TryGetValue(topic, out var watched))
        {
            return null;
        }

        watched.UsedAt = time.GetTimestamp();
        return watched.Topic;
    }

    /// <summary>Starts to watch a topic, unless it is watched or there are too many.</summary>
    public void Start(TopicDescription topic)
    {
        var watched = new Watched(topic, time.GetTimestamp());
        if (_watched.Count < Limits.CachedTopics && _watched.TryAdd(topic.Name, watched))
        {
            _ = RunAsync(topic.Name, watched);
        }
    }

    private async Task RunAsync(TopicName name, Watched watched)
    {
        // Leaves the scheduler of the group that happens to ask first.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var grain = grains.GetGrain<ITopicGrain>(name.Value);
            while (time.GetElapsedTime(watched.UsedAt) < _unusedFor)
            {
                var answer = await grain.Watch(watched.Topic.Id, watched.Topic.Version, _wait, CancellationToken.None);
                if (answer.Topic is not { } topic)
                {
                    break;
                }

                watched.Topic = topic;
                await Task.Delay(_pause, time);
            }
        }
        catch (Exception)
        {
            // The topic or its silo has ended, or this silo: a group that still wants it describes it, which reports why it cannot be reached.
        }
        finally
        {
            _watched.TryRemove(KeyValuePair.Create(name, watched));
        }
    }

    private sealed class Watched(TopicDescription topic, long usedAt)
    {
        private TopicDescription _topic = topic;
        private long _usedAt = usedAt;

        public TopicDescription Topic
        {
            get => Volatile.Read(ref _topic);
            set => Volatile.Write(ref _topic, value);
        }

        public long UsedAt
        {
            get => Volatile.Read(ref _usedAt);
            set => Volatile.Write(ref _usedAt, value);
        }
    }
}
