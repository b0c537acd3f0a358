using Loire.Model;

namespace Loire.Client;

/// <summary>An offset in one creation of a topic.</summary>
/// <param name="Offset">The next offset to read.</param>
/// <param name="TopicId">The creation of the topic; default if it is unknown.</param>
internal readonly record struct ReadPosition(TopicPartitionOffset Offset, TopicId TopicId)
{
    public TopicPartition Partition => Offset.TopicPartition;

    /// <summary>Whether it is a position in this creation of the topic; true if the topic id is unknown.</summary>
    public bool IsOf(TopicId topic) => TopicId == default || TopicId == topic;
}
