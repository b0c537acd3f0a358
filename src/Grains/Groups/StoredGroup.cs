using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Groups;

/// <summary>The durable state of a group. At most one of its machines has members: its kind changes only without any.</summary>
/// <param name="machine">The members to whom the group assigns, without any record.</param>
/// <param name="classic">The members of a classic group, without any record.</param>
internal sealed class StoredGroup(GroupMachine machine, ClassicGroupMachine classic)
{
    /// <summary>The members to whom the group assigns.</summary>
    public GroupMachine Machine => machine;

    /// <summary>The members of a classic group.</summary>
    public ClassicGroupMachine Classic => classic;

    /// <summary>Whether it has members of either kind.</summary>
    public bool HasMembers => machine.State.Members.Count > 0 || classic.HasMembers;

    /// <summary>The description that clients see.</summary>
    public GroupDescription Describe(GroupId id) =>
        classic.Exists ? classic.Describe(id)
        : machine.State.Epoch > 0 ? machine.Describe(id)
        : machine.State.Describe(id) with { Kind = GroupKind.Classic, ProtocolType = "" };

    /// <summary>Whether a member subscribes to a topic, as far as that is known.</summary>
    public bool IsInteresting(TopicName topic) => classic.HasMembers ? classic.IsInteresting(topic) : machine.State.IsInteresting(topic);

    /// <summary>The offsets, committed and pending.</summary>
    public OffsetsState Offsets { get; } = new();
}
