namespace Loire.Model.Groups;

/// <summary>The current state of a group.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="Phase">The group's phase.</param>
/// <param name="Epoch">The group's epoch, or the generation of a classic one; grows with each new assignment.</param>
/// <param name="Assignor">The assignor in use, or the protocol of a classic group; empty without members.</param>
/// <param name="Members">Its members, in order of their ids; those of a classic group in the order in which they joined.</param>
/// <param name="Kind">Who assigns its partitions. A group that never had a member is a classic one, as in Kafka.</param>
/// <param name="ProtocolType">What the members of a classic group use it for, <c>consumer</c> for consumers; empty if it never had one.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupDescription")]
public sealed record GroupDescription(
    [Id(0)] GroupId GroupId,
    [Id(1)] GroupPhase Phase,
    [Id(2)] int Epoch,
    [Id(3)] string Assignor,
    [Id(4)] MemberDescription[] Members,
    [Id(5)] GroupKind Kind = GroupKind.Server,
    [Id(6)] string ProtocolType = GroupDescription.ConsumerProtocolType)
{
    /// <summary>What consumers use a group for.</summary>
    public const string ConsumerProtocolType = "consumer";
}

/// <summary>Who assigns the partitions of a group: fixed while it has members.</summary>
[GenerateSerializer, Alias("loire.GroupKind")]
public enum GroupKind
{
    /// <summary>The group itself; members say what they subscribe to (KIP-848, and Loire's own clients).</summary>
    Server,

    /// <summary>One of its members, by bytes that the group does not interpret (JoinGroup and SyncGroup).</summary>
    Classic,
}

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

    /// <summary>A classic group waits for its members to join again.</summary>
    PreparingRebalance,

    /// <summary>A classic group waits for its leader's assignment.</summary>
    CompletingRebalance,
}
