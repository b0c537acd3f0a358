namespace Loire.Coordination.Groups.Membership;

/// <summary>An assignor has not made an assignment that a group can use.</summary>
/// <param name="Assignor">Its name.</param>
/// <param name="Detail">What is wrong with it in one sentence.</param>
/// <param name="Exception">What it threw; null if it returned nonsense.</param>
public sealed record AssignorFailure(string Assignor, string Detail, Exception? Exception);

/// <summary>A new target assignment, or none if no assignor of the group can make one.</summary>
/// <param name="Record">The new target; null for none.</param>
/// <param name="Failures">The assignors that were tried before it and failed, in that order.</param>
public sealed record AssignmentOutcome(GroupRecord.Targeted? Record, IReadOnlyList<AssignorFailure> Failures);
