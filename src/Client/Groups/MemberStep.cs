using Loire.Model;

namespace Loire.Client;

/// <summary>What an answer of the group means to a member.</summary>
internal enum Standing
{
    /// <summary>It is a member; its assignment is known.</summary>
    Member,

    /// <summary>Nobody knows; to be asked again.</summary>
    Unsure,

    /// <summary>It is not a member any more, and may join anew.</summary>
    Lost,

    /// <summary>It cannot be a member.</summary>
    Refused,
}

/// <summary>What a member has to do next.</summary>
internal enum MemberWork
{
    /// <summary>Tell that partitions are lost.</summary>
    Lose,

    /// <summary>Give partitions up in order.</summary>
    Revoke,

    /// <summary>Take partitions over.</summary>
    Grant,
}

/// <summary>Something that a member has to do with partitions.</summary>
/// <param name="Work">What.</param>
/// <param name="Partitions">With which, in the group's order.</param>
/// <param name="Life">In which life of the member; see <see cref="MembershipState.Life"/>.</param>
internal sealed record MemberStep(MemberWork Work, IReadOnlyList<TopicPartition> Partitions, int Life);
