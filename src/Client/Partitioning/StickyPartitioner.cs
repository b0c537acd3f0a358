using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Loire.Model;

namespace Loire.Client;

/// <summary>Stays with a partition until its batch is closed, so that records without a key fill batches (KIP-480).</summary>
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
            var next = _choice.Below(topic.PartitionsCount - 1);
            _current.Set(topic, next < partition ? next : next + 1);
        }
    }
}

/// <summary>
/// Like <see cref="StickyPartitioner"/>, but switches to the partition with the shorter queue of two random ones, so that a slow partition
/// receives fewer records instead of larger batches. KIP-794 weights by the lengths of all queues; two random choices come close without
/// examining ten thousand partitions for each batch.
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

/// <summary>The current partition of each topic.</summary>
internal sealed class StickyChoices
{
    private readonly ConcurrentDictionary<TopicName, StrongBox<int>> _partitions = new();

    /// <summary>The topic's current partition; null if there is none, or if the recreated topic no longer has it.</summary>
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
