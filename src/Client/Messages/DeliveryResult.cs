namespace Loire.Client;

/// <summary>Where a record is.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">Its offset; −1 with <c>Acks.None</c>, when nobody knows.</param>
/// <param name="Timestamp">The time that the record has: its own, or the broker's where the topic says so.</param>
public readonly record struct DeliveryResult(string Topic, int Partition, long Offset, DateTimeOffset Timestamp)
{
    /// <summary>The partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);
}
