using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;

namespace Loire.Grains.Groups;

/// <summary>A record of a group's journal.</summary>
internal abstract record GroupJournalRecord
{
    /// <summary>A change of the members.</summary>
    public sealed record Members(GroupRecord Record) : GroupJournalRecord;

    /// <summary>A change of the offsets.</summary>
    public sealed record Offsets(OffsetsRecord Record) : GroupJournalRecord;

    /// <summary>The whole group.</summary>
    public sealed record Snapshot(OffsetsRecord AllOffsets, GroupRecord AllMembers) : GroupJournalRecord;
}
