using Loire.Model;

namespace Loire.Client;

/// <summary>Chooses the partition of a record. Thread-safe; one instance serves one producer.</summary>
public interface IPartitioner
{
    /// <summary>Chooses a partition.</summary>
    /// <param name="topic">The topic, as the producer currently knows it.</param>
    /// <param name="key">The serialized key.</param>
    /// <param name="keyIsNull">Whether the record has no key; then <paramref name="key"/> is empty.</param>
    /// <returns>From 0 to the number of partitions, exclusive.</returns>
    int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull);

    /// <summary>
    /// Called when a batch for a partition has been closed and will be sent, so that a sticky partitioner can switch partitions (KIP-480).
    /// Under light load, that is after each record. Exceptions are logged.
    /// </summary>
    void OnBatchClosed(TopicLoad topic, int partition)
    {
    }
}

/// <summary>A topic as a partitioner sees it.</summary>
public abstract class TopicLoad
{
    /// <summary>The topic's name.</summary>
    public abstract TopicName Topic { get; }

    /// <summary>The number of partitions.</summary>
    public abstract int PartitionsCount { get; }

    /// <summary>The number of bytes queued for a partition or in flight to it.</summary>
    public abstract long QueuedBytes(int partition);
}
