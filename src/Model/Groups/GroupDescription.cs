namespace Loire.Model.Groups;

/// <summary>A group as it is.</summary>
/// <param name="GroupId">Its id.</param>
/// <param name="Phase">Where it is.</param>
/// <param name="Epoch">The group's epoch; it grows with each new assignment.</param>
/// <param name="Assignor">The assignor in use; empty without members.</param>
/// <param name="Members">Its members, in order of their ids.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupDescription")]
public sealed record GroupDescription(
    [Id(0)] GroupId GroupId,
    [Id(1)] GroupPhase Phase,
    [Id(2)] int Epoch,
    [Id(3)] string Assignor,
    [Id(4)] MemberDescription[] Members);

/// <summary>Where a group is, in Kafka's words.</summary>
[GenerateSerializer, Alias("loire.GroupPhase")]
public enum GroupPhase
{
    /// <summary>It has no members; it may have offsets.</summary>
    Empty,

    /// <summary>A new assignment is to be made.</summary>
    Assigning,

    /// <summary>Members give up and take over partitions.</summary>
    Reconciling,

    /// <summary>Every member works on exactly what it is assigned.</summary>
    Stable,

    /// <summary>It does not exist.</summary>
    Dead,
}
