namespace Loire.Model.Groups;

/// <summary>The current state of a group.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="Phase">The group's phase.</param>
/// <param name="Epoch">The group's epoch; grows with each new assignment.</param>
/// <param name="Assignor">The assignor in use; empty without members.</param>
/// <param name="Members">Its members, in order of their ids.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupDescription")]
public sealed record GroupDescription(
    [Id(0)] GroupId GroupId,
    [Id(1)] GroupPhase Phase,
    [Id(2)] int Epoch,
    [Id(3)] string Assignor,
    [Id(4)] MemberDescription[] Members);

/// <summary>The phase of a group, in Kafka's terms.</summary>
[GenerateSerializer, Alias("loire.GroupPhase")]
public enum GroupPhase
{
    /// <summary>The group has no members, but may have offsets.</summary>
    Empty,

    /// <summary>A new assignment is pending.</summary>
    Assigning,

    /// <summary>Members are revoking and taking over partitions.</summary>
    Reconciling,

    /// <summary>Every member has exactly its target assignment.</summary>
    Stable,

    /// <summary>The group does not exist.</summary>
    Dead,
}
