using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Loire.Model;

namespace Loire.Client;

/// <summary>Stays with a partition until a batch of it is closed, so that records without a key fill batches (KIP-480).</summary>
internal sealed class StickyPartitioner(Random? random) : IPartitioner
{
    private readonly RandomChoice _choice = new(random);
    private readonly StickyChoices _current = new();

    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) =>
        _current.Find(topic) ?? _current.Set(topic, _choice.Below(topic.PartitionsCount));

    public void OnBatchClosed(TopicLoad topic, int partition)
    {
        if (_current.Find(topic) == partition && topic.PartitionsCount > 1)
        {
            // Any other one.
            var next = _choice.Below(topic.PartitionsCount - 1);
            _current.Set(topic, next < partition ? next : next + 1);
        }
    }
}

/// <summary>
/// As <see cref="StickyPartitioner"/>, but moves on to a partition that has little queued: of two drawn at random the one with less. So a slow
/// partition gets less than the others instead of larger batches (KIP-794, which draws by the lengths of all queues; two draws come close
/// and do not look at ten thousand partitions for each batch).
/// </summary>
internal sealed class AdaptiveStickyPartitioner(Random? random) : IPartitioner
{
    private readonly RandomChoice _choice = new(random);
    private readonly StickyChoices _current = new();

    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) =>
        _current.Find(topic) ?? _current.Set(topic, Choose(topic));

    public void OnBatchClosed(TopicLoad topic, int partition)
    {
        if (_current.Find(topic) == partition)
        {
            _current.Set(topic, Choose(topic));
        }
    }

    private int Choose(TopicLoad topic)
    {
        var one = _choice.Below(topic.PartitionsCount);
        var other = _choice.Below(topic.PartitionsCount);
        return topic.QueuedBytes(other) < topic.QueuedBytes(one) ? other : one;
    }
}

/// <summary>The partition that each topic's records go to now.</summary>
internal sealed class StickyChoices
{
    private readonly ConcurrentDictionary<TopicName, StrongBox<int>> _partitions = new();

    /// <summary>Null if there is none, or if it is gone with a former creation of the topic.</summary>
    public int? Find(TopicLoad topic) =>
        _partitions.TryGetValue(topic.Topic, out var box) && Volatile.Read(ref box.Value) is var partition && partition < topic.PartitionsCount
            ? partition
            : null;

    public int Set(TopicLoad topic, int partition)
    {
        Volatile.Write(ref _partitions.GetOrAdd(topic.Topic, static _ => new StrongBox<int>()).Value, partition);
        return partition;
    }
}
