using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>A transaction with which offsets are committed.</summary>
/// <param name="Id">The transactional id, whose coordinator knows it.</param>
/// <param name="Producer">The producer and its epoch in the transaction.</param>
/// <param name="Number">Its number among those of the transactional id, which grows with each.</param>
public readonly record struct OpenTransaction(TransactionalId Id, ProducerIdentity Producer, long Number);

/// <summary>How a transaction ended: what a group needs to know of a marker.</summary>
/// <param name="Producer">The producer, with the epoch of the marker: that of the transaction, or the next one.</param>
/// <param name="RaisesEpoch">Whether the marker's epoch is above that of the transaction.</param>
/// <param name="Commits">Whether it committed.</param>
/// <param name="Number">Its number among those of the transactional id.</param>
public readonly record struct TransactionEnd(ProducerIdentity Producer, bool RaisesEpoch, bool Commits, long Number)
{
    /// <summary>Whether nothing of a transaction may be pending after this end: it is the one that ended, or one before it. Never a later one.</summary>
    public bool Ends(OpenTransaction transaction) => transaction.Producer.Id == Producer.Id
        && (RaisesEpoch ? transaction.Producer.Epoch < Producer.Epoch
            : transaction.Producer.Epoch <= Producer.Epoch && transaction.Number <= Number);

    /// <summary>
    /// Whether a transaction committed with this end. One before it did not: a transaction begins after the end of the one before has been told everywhere,
    /// so what is left of that was stored too late to count.
    /// </summary>
    public bool CommitsOffsetsOf(OpenTransaction transaction) => Commits && Ends(transaction) && transaction.Number == Number;
}

/// <summary>An offset that counts once its transaction commits.</summary>
/// <param name="Offset">The offset; its commit time is when it was stored.</param>
/// <param name="Order">Its place among the offsets stored in the group: of those of one partition the last counts, also if it commits first.</param>
/// <param name="IsOvertaken">Whether a committed offset of the partition was stored after it, which it will not replace.</param>
public readonly record struct PendingOffset(CommittedOffset Offset, long Order, bool IsOvertaken);

/// <summary>The offsets of one transaction.</summary>
/// <param name="Transaction">The transaction.</param>
/// <param name="Offsets">At most one per partition, in order of the partitions.</param>
public sealed record PendingTransaction(OpenTransaction Transaction, IReadOnlyList<PendingOffset> Offsets);
