using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The result of a <see cref="GroupMachine"/> call. The state has already changed, but the driver must not reveal it before the records are
/// durable.
/// </summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or the reason for the refusal; then nothing has changed.</param>
/// <param name="Detail">Human-readable reason for the refusal; null if accepted.</param>
/// <param name="Records">The records to make durable, in order; usually none.</param>
/// <param name="News">The members to notify: their assignment changed or they are no longer members.</param>
/// <param name="JoinedAt">After a heartbeat, the life of its sender; <see cref="GroupMachine.Answer"/> uses it to detect later lives under
/// the same id.</param>
public sealed record GroupStep(
    ErrorCode Error, string? Detail, IReadOnlyList<GroupRecord> Records, IReadOnlyCollection<MemberId> News, int JoinedAt)
{
    /// <summary>Assignors that failed in this step; to be logged for the operator.</summary>
    public IReadOnlyList<AssignorFailure> Failures { get; init; } = [];
}
