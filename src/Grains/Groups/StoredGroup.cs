using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;

namespace Loire.Grains.Groups;

/// <summary>What a group's journal holds.</summary>
/// <param name="machine">The members; it has no record yet.</param>
internal sealed class StoredGroup(GroupMachine machine)
{
    /// <summary>The members.</summary>
    public GroupMachine Machine => machine;

    /// <summary>The committed offsets.</summary>
    public OffsetsState Offsets { get; } = new();
}
