using System.Globalization;

namespace Loire.Client;

/// <summary>A partition of a topic.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">From 0 to the topic's number of partitions, exclusive.</param>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>As <c>topic[partition]</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}[{Partition}]");
}
