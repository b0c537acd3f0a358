using System.Globalization;
using Loire.Model;

namespace Loire.Client;

/// <summary>A position in a partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">From 0 to the topic's number of partitions, exclusive.</param>
/// <param name="Offset">The position.</param>
public readonly record struct TopicPartitionOffset(TopicName Topic, int Partition, Offset Offset)
{
    /// <summary>A position in a partition.</summary>
    public TopicPartitionOffset(TopicPartition partition, Offset offset)
        : this(partition.Topic, partition.Partition, offset)
    {
    }

    /// <summary>
    /// Free text committed with the position, at most <see cref="Limits.OffsetMetadataLength"/> characters; null for none.
    /// </summary>
    public string? Metadata { get; init; }

    /// <summary>The partition without the position.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <summary>Formats it as <c>topic-partition@offset</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}-{Partition}@{Offset}");
}
