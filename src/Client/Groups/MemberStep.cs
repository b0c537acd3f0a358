using Loire.Model;

namespace Loire.Client;

/// <summary>A member's standing according to an answer of the group.</summary>
internal enum Standing
{
    /// <summary>A member whose assignment is known.</summary>
    Member,

    /// <summary>Unknown; the heartbeat is retried.</summary>
    Unsure,

    /// <summary>No longer a member, but may rejoin.</summary>
    Lost,

    /// <summary>Cannot be a member.</summary>
    Refused,
}

/// <summary>The kinds of steps of a member.</summary>
internal enum MemberWork
{
    /// <summary>Report lost partitions.</summary>
    Lose,

    /// <summary>Revoke partitions gracefully.</summary>
    Revoke,

    /// <summary>Take over partitions.</summary>
    Grant,
}

/// <summary>A step that a member has to perform.</summary>
/// <param name="Work">The kind of step.</param>
/// <param name="Partitions">The affected partitions, in the group's order.</param>
/// <param name="Life">The member's life that it belongs to; see <see cref="MembershipState.Life"/>.</param>
internal sealed record MemberStep(MemberWork Work, IReadOnlyList<TopicPartition> Partitions, int Life);
