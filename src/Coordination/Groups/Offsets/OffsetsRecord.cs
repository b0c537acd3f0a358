using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>One durable change of a group's offsets, encoded by <see cref="OffsetsRecordCodec"/>.</summary>
public abstract record OffsetsRecord
{
    private OffsetsRecord()
    {
    }

    /// <summary>Offsets were committed.</summary>
    /// <param name="At">The commit time; equal to that of each offset.</param>
    /// <param name="Offsets">At most one per partition.</param>
    public sealed record Committed(Timestamp At, IReadOnlyList<CommittedOffset> Offsets) : OffsetsRecord;

    /// <summary>Offsets were removed: deleted, expired, or outlived their topic.</summary>
    public sealed record Removed(IReadOnlyList<TopicPartition> Partitions) : OffsetsRecord;

    /// <summary>The group lost its last member.</summary>
    public sealed record Emptied(Timestamp At) : OffsetsRecord;

    /// <summary>The whole state; replaces the records before it.</summary>
    /// <param name="EmptiedAt">When the group lost its last member; <see cref="Timestamp.None"/> if it never had one.</param>
    /// <param name="Offsets">All offsets, at most one per partition.</param>
    /// <param name="Pending">The transactions that have pending offsets, at most one per producer.</param>
    /// <param name="NextOrder">The <see cref="PendingOffset.Order"/> of the next pending offset; 0 if there are none.</param>
    public sealed record Snapshot(
        Timestamp EmptiedAt, IReadOnlyList<CommittedOffset> Offsets, IReadOnlyList<PendingTransaction> Pending, long NextOrder) : OffsetsRecord;

    /// <summary>Offsets were stored that count once their transaction commits. Written from feature level 4 on.</summary>
    /// <param name="At">When they were stored; equal to the commit time of each offset.</param>
    /// <param name="Transaction">The transaction.</param>
    /// <param name="Offsets">At most one per partition; others of the transaction stay.</param>
    public sealed record Pended(Timestamp At, OpenTransaction Transaction, IReadOnlyList<CommittedOffset> Offsets) : OffsetsRecord;

    /// <summary>A transaction ended, of which nothing need have been pending. Written from feature level 4 on.</summary>
    /// <param name="At">The commit time of the offsets that it commits.</param>
    /// <param name="End">Which transaction, and how.</param>
    public sealed record Ended(Timestamp At, TransactionEnd End) : OffsetsRecord;
}
