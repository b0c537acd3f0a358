using System.Globalization;

namespace Loire.Client;

/// <summary>A position in a partition.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The position.</param>
public readonly record struct TopicPartitionOffset(string Topic, int Partition, long Offset)
{
    /// <summary>Free text that is committed with the position, at most <see cref="Loire.Model.Limits.OffsetMetadataLength"/> characters; null
    /// for none.</summary>
    public string? Metadata { get; init; }

    /// <summary>The partition without the position.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <summary>As <c>topic[partition]@offset</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}[{Partition}]@{Offset}");
}
