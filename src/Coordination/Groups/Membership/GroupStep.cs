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
