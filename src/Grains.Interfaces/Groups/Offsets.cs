using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Interfaces.Groups;

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

/// <summary>Committed offsets.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why they are unknown.</param>
/// <param name="Offsets">In order of the partitions; one without a commit is not there.</param>
[GenerateSerializer, Immutable, Alias("loire.OffsetsResult")]
public sealed record OffsetsResult([property: Id(0)] ErrorCode Error, [property: Id(1)] CommittedOffset[] Offsets);
