using Loire.Model;

namespace Loire.Client;

/// <summary>An offset, and in which creation of the topic it is one.</summary>
/// <param name="Offset">The next offset to read.</param>
/// <param name="TopicId">Which creation of the topic; default if nobody knows.</param>
internal readonly record struct ReadPosition(TopicPartitionOffset Offset, TopicId TopicId)
{
    public TopicPartition Partition => Offset.TopicPartition;

    /// <summary>Whether it is a position in this creation of the topic, as far as anybody can say.</summary>
    public bool IsOf(TopicId topic) => TopicId == default || TopicId == topic;
}
