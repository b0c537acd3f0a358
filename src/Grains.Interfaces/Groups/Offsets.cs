using Loire.Model;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>A committed offset.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read; at least 0.</param>
/// <param name="LeaderEpoch">The epoch of the last record consumed, or none.</param>
/// <param name="Metadata">Free text of the committer, at most <see cref="Limits.OffsetMetadataLength"/> characters.</param>
/// <param name="CommittedAt">When it was committed, by the group's clock; ignored in requests.</param>
/// <param name="TopicId">Which creation of the topic it belongs to; default if the committer did not say. Where it is another one than the
/// topic's, there is no offset: the topic was deleted and created anew since.</param>
[GenerateSerializer, Immutable, Alias("loire.CommittedOffset")]
public sealed record CommittedOffset(
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

/// <summary>Offsets to be committed.</summary>
/// <param name="MemberId">The member; null for a commit from outside, which an admin makes and a consumer that assigns itself.</param>
/// <param name="MemberEpoch">The member's epoch; −1 from outside.</param>
/// <param name="Offsets">Each partition at most once.</param>
[GenerateSerializer, Immutable, Alias("loire.CommitRequest")]
public sealed record CommitRequest(
    [property: Id(0)] MemberId? MemberId, [property: Id(1)] int MemberEpoch, [property: Id(2)] CommittedOffset[] Offsets);

/// <summary>What became of a commit.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/> if all are stored; <see cref="ErrorCode.UnknownMemberId"/>, <see cref="ErrorCode.StaleMemberEpoch"/> or
/// <see cref="ErrorCode.FencedMemberEpoch"/> if the member may not commit: then nothing is; <see cref="ErrorCode.UnknownMemberId"/> also for
/// a commit from outside to a group with members; retriable errors of the cluster.
/// </param>
/// <param name="Refused">Partitions that are not stored, each with its error, where the others are.</param>
/// <param name="Detail">One sentence for a person.</param>
[GenerateSerializer, Immutable, Alias("loire.CommitResult")]
public sealed record CommitResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionError[] Refused, [property: Id(2)] string? Detail);

/// <summary>A partition and what is wrong with it.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Error">The error.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionError")]
public readonly record struct PartitionError([property: Id(0)] TopicPartition Partition, [property: Id(1)] ErrorCode Error);

/// <summary>Committed offsets.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why they are unknown.</param>
/// <param name="Offsets">In order of the partitions; one without a commit is not there.</param>
[GenerateSerializer, Immutable, Alias("loire.OffsetsResult")]
public sealed record OffsetsResult([property: Id(0)] ErrorCode Error, [property: Id(1)] CommittedOffset[] Offsets);
