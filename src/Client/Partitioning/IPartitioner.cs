using Loire.Model;

namespace Loire.Client;

/// <summary>Chooses the partition of a record. Thread-safe; one instance serves one producer.</summary>
public interface IPartitioner
{
    /// <summary>Chooses a partition.</summary>
    /// <param name="topic">The topic as the producer knows it now.</param>
    /// <param name="key">The serialized key.</param>
    /// <param name="keyIsNull">Whether the record has no key; then <paramref name="key"/> is empty.</param>
    /// <returns>From 0 to the number of partitions, exclusive.</returns>
    int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull);

    /// <summary>
    /// A batch for a partition was closed and will be sent: whoever sticks to a partition may move on (KIP-480). Under light load that is
    /// after each record. What it throws is logged.
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

    /// <summary>How many partitions it has.</summary>
    public abstract int PartitionsCount { get; }

    /// <summary>Bytes that wait for a partition or are under way to it.</summary>
    public abstract long QueuedBytes(int partition);
}
