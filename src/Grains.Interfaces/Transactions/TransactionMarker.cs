using Loire.Model.Transactions;

namespace Loire.Grains.Interfaces.Transactions;

/// <summary>
/// Tells a partition or a group how a transaction ended. It may be told again, and late: a partition acts on it only while exactly that transaction is open
/// there. If the producer's epoch was raised with the end, the epoch tells; otherwise <see cref="Number"/> does, which the partition has from
/// <see cref="EnlistResult.Transaction"/>, or asks the coordinator for.
/// </summary>
/// <param name="Id">The transactional id.</param>
/// <param name="Producer">The producer, with the epoch that the marker has in the log: that of the transaction, or the next one.</param>
/// <param name="RaisesEpoch">Whether the marker's epoch is above that of the transaction.</param>
/// <param name="Commits">Whether it committed.</param>
/// <param name="Number">The number of the transaction among those of the transactional id.</param>
[GenerateSerializer, Immutable, Alias("loire.TransactionMarker")]
public sealed record TransactionMarker(
    [property: Id(0)] TransactionalId Id, [property: Id(1)] ProducerIdentity Producer, [property: Id(2)] bool RaisesEpoch,
    [property: Id(3)] bool Commits, [property: Id(4)] long Number);
