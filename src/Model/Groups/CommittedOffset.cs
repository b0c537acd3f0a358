namespace Loire.Model.Groups;

/// <summary>A committed offset.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read; at least 0.</param>
/// <param name="LeaderEpoch">The epoch of the last record consumed, or none.</param>
/// <param name="Metadata">Free text of the committer, at most <see cref="Limits.OffsetMetadataLength"/> characters.</param>
/// <param name="CommittedAt">When it was committed, by the group's clock; ignored in requests.</param>
/// <param name="TopicId">Which creation of the topic it belongs to; default if the committer did not say. Where it is another one than the
/// topic's, there is no offset: the topic was deleted and created anew since.</param>
[GenerateSerializer, Immutable, Alias("loire.CommittedOffset")]
public readonly record struct CommittedOffset(
    [property: Id(0)] TopicPartition Partition,
    [property: Id(1)] Offset Offset,
    [property: Id(2)] LeaderEpoch LeaderEpoch,
    [property: Id(3)] string Metadata,
    [property: Id(4)] Timestamp CommittedAt,
    [property: Id(5)] TopicId TopicId = default)
{
    /// <summary>Whether it is a position in this creation of the topic, as far as anybody can say.</summary>
    public bool IsOf(TopicId topic) => TopicId == default || TopicId == topic;
}
