using System.Globalization;

namespace Loire.Model;

/// <summary>A partition, by its topic's name. Ordered by topic (ordinal), then by number, as Kafka's assignors do.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">From 0 to the topic's number of partitions, exclusive.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicPartition")]
public readonly record struct TopicPartition([property: Id(0)] TopicName Topic, [property: Id(1)] int Partition) : IComparable<TopicPartition>
{
    /// <inheritdoc/>
    public int CompareTo(TopicPartition other)
    {
        var order = string.CompareOrdinal(Topic.Value, other.Topic.Value);
        return order != 0 ? order : Partition.CompareTo(other.Partition);
    }

    /// <summary>Kafka's notation, <c>topic-partition</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}-{Partition}");
}
