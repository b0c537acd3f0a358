using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions;

/// <summary>One durable change of a transactional id, encoded by <see cref="TransactionRecordCodec"/>.</summary>
public abstract record TransactionRecord
{
    private TransactionRecord()
    {
    }

    /// <summary>A producer has begun its life with the id.</summary>
    /// <param name="At">When.</param>
    /// <param name="Producer">Its identity.</param>
    /// <param name="Previous">The identity that the same producer had before; <see cref="ProducerIdentity.None"/> for another producer.</param>
    /// <param name="Timeout">How long its transactions may stay open; whole milliseconds.</param>
    public sealed record Initialized(Timestamp At, ProducerIdentity Producer, ProducerIdentity Previous, TimeSpan Timeout) : TransactionRecord;

    /// <summary>A transaction has begun. Its number follows that of the one before.</summary>
    /// <param name="At">When.</param>
    public sealed record Begun(Timestamp At) : TransactionRecord;

    /// <summary>Partitions and groups have become part of the open transaction.</summary>
    /// <param name="Partitions">Those that were not part of it.</param>
    /// <param name="Groups">Those that were not part of it.</param>
    public sealed record Added(IReadOnlyList<PartitionKey> Partitions, IReadOnlyList<GroupId> Groups) : TransactionRecord;

    /// <summary>
    /// The outcome is decided. The marker has the producer's epoch, or the next one. Also written where no transaction is open, together with
    /// <see cref="Completed"/>: the second dialect raises the epoch with every abort.
    /// </summary>
    /// <param name="At">When.</param>
    /// <param name="Commits">Whether it committed.</param>
    /// <param name="RaisesEpoch">Whether the marker has the next epoch.</param>
    /// <param name="IsForced">Whether the coordinator aborted it, not its producer.</param>
    /// <param name="Next">The identity of the producer from now on.</param>
    public sealed record Prepared(Timestamp At, bool Commits, bool RaisesEpoch, bool IsForced, ProducerIdentity Next) : TransactionRecord;

    /// <summary>All partitions and groups know the outcome.</summary>
    /// <param name="At">When.</param>
    public sealed record Completed(Timestamp At) : TransactionRecord;

    /// <summary>The whole state; replaces the records before it. The properties are those of <see cref="TransactionState"/>.</summary>
    public sealed record Snapshot(
        TransactionStatus Status, ProducerIdentity Producer, ProducerIdentity Previous, ProducerIdentity Marker, bool RaisesEpoch, bool IsForced,
        TimeSpan Timeout, long Number, Timestamp StartedAt, Timestamp ChangedAt, IReadOnlyList<PartitionKey> Partitions, IReadOnlyList<GroupId> Groups)
        : TransactionRecord;
}
