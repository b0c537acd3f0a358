namespace Loire.Model.Groups;

/// <summary>A committed offset.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read; at least 0.</param>
/// <param name="LeaderEpoch">The epoch of the last record consumed, or <see cref="LeaderEpoch.None"/>.</param>
/// <param name="Metadata">Free text of the committer, at most <see cref="Limits.OffsetMetadataLength"/> characters.</param>
/// <param name="CommittedAt">The commit time, by the group's clock; ignored in requests.</param>
/// <param name="TopicId">The creation of the topic that it belongs to; default if the committer did not provide it. If it differs from the
/// topic's current id, the topic was deleted and recreated since, and the offset does not count.</param>
[GenerateSerializer, Immutable, Alias("loire.CommittedOffset")]
public readonly record struct CommittedOffset(
    [property: Id(0)] TopicPartition Partition,
    [property: Id(1)] Offset Offset,
    [property: Id(2)] LeaderEpoch LeaderEpoch,
    [property: Id(3)] string Metadata,
    [property: Id(4)] Timestamp CommittedAt,
    [property: Id(5)] TopicId TopicId = default)
{
    /// <summary>Whether it is a position in this creation of the topic; true if the topic id is unknown.</summary>
    public bool IsOf(TopicId topic) => TopicId == default || TopicId == topic;
}
