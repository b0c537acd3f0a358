using Loire.Coordination.Groups.Classic;
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

    /// <summary>A change of the members of a classic group.</summary>
    public sealed record Classic(ClassicRecord Record) : GroupJournalRecord;

    /// <summary>The whole group.</summary>
    /// <param name="AllOffsets">The offsets.</param>
    /// <param name="AllMembers">The members to whom the group assigns.</param>
    /// <param name="LastGeneration">The last generation of a classic group; null if it is none.</param>
    public sealed record Snapshot(OffsetsRecord AllOffsets, GroupRecord AllMembers, ClassicRecord.Formed? LastGeneration) : GroupJournalRecord;
}
