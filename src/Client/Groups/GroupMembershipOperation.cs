namespace Loire.Client;

/// <summary>What becomes of a consumer's place in its group when it is closed (KIP-1092).</summary>
public enum GroupMembershipOperation
{
    /// <summary>A dynamic member leaves, a static one remains.</summary>
    Default,

    /// <summary>The member leaves, static or not: its partitions go to others at once.</summary>
    LeaveGroup,

    /// <summary>
    /// The member remains, static or not: its partitions wait for it until its session timeout is over. For a consumer that is back soon.
    /// </summary>
    RemainInGroup,
}
