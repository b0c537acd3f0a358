namespace Loire.Client;

/// <summary>Whether a consumer leaves its group when it is closed (KIP-1092).</summary>
public enum GroupMembershipOperation
{
    /// <summary>A dynamic member leaves, a static one remains.</summary>
    Default,

    /// <summary>The member leaves, static or not: its partitions are reassigned immediately.</summary>
    LeaveGroup,

    /// <summary>
    /// The member remains, static or not: its partitions stay assigned until its session expires. For a consumer that will return soon.
    /// </summary>
    RemainInGroup,
}
