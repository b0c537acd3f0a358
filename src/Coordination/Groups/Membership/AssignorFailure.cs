namespace Loire.Coordination.Groups.Membership;

/// <summary>An assignor threw or returned an invalid assignment.</summary>
/// <param name="Assignor">The assignor's name.</param>
/// <param name="Detail">Human-readable reason.</param>
/// <param name="Exception">The exception that it threw; null if it returned an invalid assignment.</param>
public sealed record AssignorFailure(string Assignor, string Detail, Exception? Exception);

/// <summary>A new target assignment, or none if every assignor of the group failed.</summary>
/// <param name="Record">The new target; null for none.</param>
/// <param name="Failures">The assignors that failed first, in the order in which they were tried.</param>
public sealed record AssignmentOutcome(GroupRecord.Targeted? Record, IReadOnlyList<AssignorFailure> Failures);
