using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>One durable change of a group's offsets. The bytes are <see cref="OffsetsRecordCodec"/>'s.</summary>
public abstract record OffsetsRecord
{
    private OffsetsRecord()
    {
    }

    /// <summary>Offsets were committed.</summary>
    /// <param name="At">When; each offset says the same.</param>
    /// <param name="Offsets">No partition twice.</param>
    public sealed record Committed(Timestamp At, IReadOnlyList<CommittedOffset> Offsets) : OffsetsRecord;

    /// <summary>Offsets were removed: deleted, or expired.</summary>
    /// <param name="Partitions">Whose.</param>
    public sealed record Removed(IReadOnlyList<TopicPartition> Partitions) : OffsetsRecord;

    /// <summary>The group has lost its last member.</summary>
    /// <param name="At">When.</param>
    public sealed record Emptied(Timestamp At) : OffsetsRecord;

    /// <summary>All offsets: replaces the records before it.</summary>
    /// <param name="EmptiedAt">When the group lost its last member, or none.</param>
    /// <param name="Offsets">Every offset.</param>
    public sealed record Snapshot(Timestamp EmptiedAt, IReadOnlyList<CommittedOffset> Offsets) : OffsetsRecord;
}
