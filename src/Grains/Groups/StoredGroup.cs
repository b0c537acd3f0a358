using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;

namespace Loire.Grains.Groups;

/// <summary>The durable state of a group.</summary>
/// <param name="machine">The members, without any record.</param>
internal sealed class StoredGroup(GroupMachine machine)
{
    /// <summary>The members.</summary>
    public GroupMachine Machine => machine;

    /// <summary>The offsets, committed and pending.</summary>
    public OffsetsState Offsets { get; } = new();
}
