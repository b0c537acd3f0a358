using Loire.Model;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>A committed offset, or one that is to be committed.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read; at least 0.</param>
/// <param name="LeaderEpoch">The epoch of the last record consumed, or none.</param>
/// <param name="Metadata">Free text of the committer.</param>
/// <param name="CommittedAt">When it was committed, by the group's clock.</param>
/// <param name="TopicId">Which creation of the topic it belongs to; default if the committer did not say.</param>
public readonly record struct OffsetCommit(
    TopicPartition Partition, Offset Offset, LeaderEpoch LeaderEpoch, string Metadata, Timestamp CommittedAt, TopicId TopicId = default);

/// <summary>A partition whose offset is not stored or not removed, and why.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Error">The reason.</param>
public readonly record struct RefusedOffset(TopicPartition Partition, ErrorCode Error);

/// <summary>What becomes of a request that names several partitions: some may be refused where the others are granted.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why all of it is refused.</param>
/// <param name="Detail">The refusal in one sentence for a person.</param>
/// <param name="Refused">The partitions that are refused.</param>
/// <param name="Record">What is to be made durable for the others; null for nothing.</param>
public readonly record struct OffsetsDecision(
    ErrorCode Error, string? Detail, IReadOnlyList<RefusedOffset> Refused, OffsetsRecord? Record);
