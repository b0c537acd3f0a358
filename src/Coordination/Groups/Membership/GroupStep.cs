using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// What a call of <see cref="GroupMachine"/> has done. The state has changed already; nobody may be told so before the records are durable.
/// </summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the request is refused; then nothing has changed.</param>
/// <param name="Detail">The refusal in one sentence for a person.</param>
/// <param name="Records">What is to be made durable, in order; mostly nothing.</param>
/// <param name="News">The members that have something to learn: another assignment, or that they are members no more.</param>
/// <param name="JoinedAt">After a heartbeat, the life of the member that made it: <see cref="GroupMachine.Answer"/> tells it apart from
/// later lives under the same id.</param>
public sealed record GroupStep(
    ErrorCode Error, string? Detail, IReadOnlyList<GroupRecord> Records, IReadOnlyCollection<MemberId> News, int JoinedAt)
{
    /// <summary>Assignors that failed in this step; an operator must hear of it.</summary>
    public IReadOnlyList<AssignorFailure> Failures { get; init; } = [];
}

/// <summary>What a member is told.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>; or how its membership ended; or <see cref="ErrorCode.UnknownServerError"/>, which it
/// survives: it has nothing to work on because no assignor of the group works.</param>
/// <param name="MemberEpoch">The epoch to heartbeat and commit with.</param>
/// <param name="Assignment">Exactly the partitions that it may work on, in order.</param>
/// <param name="HeartbeatInterval">It should be heard again within this time.</param>
/// <param name="Detail">The error in one sentence for a person, where the code does not say enough.</param>
public sealed record GroupAnswer(
    ErrorCode Error, int MemberEpoch, ImmutableArray<TopicPartition> Assignment, TimeSpan HeartbeatInterval, string? Detail = null);

/// <summary>Where a group is, in Kafka's words.</summary>
public enum MembershipPhase
{
    /// <summary>It has no members.</summary>
    Empty,

    /// <summary>A new assignment is to be made.</summary>
    Assigning,

    /// <summary>Members give up and take over partitions.</summary>
    Reconciling,

    /// <summary>Every member may work on exactly what it is assigned.</summary>
    Stable,
}
