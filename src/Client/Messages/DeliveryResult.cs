using Loire.Model;

namespace Loire.Client;

/// <summary>The position and time of an acknowledged record.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The record's offset; <see cref="Offset.None"/> with <c>Acks.None</c>, which leaves it unknown.</param>
/// <param name="Timestamp">The record's time: its own, or the broker's with <c>message.timestamp.type=LogAppendTime</c>.</param>
public readonly record struct DeliveryResult(TopicName Topic, int Partition, Offset Offset, DateTimeOffset Timestamp)
{
    /// <summary>The topic and the partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);
}
