using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Transactions;

/// <summary>
/// The calls of a coordinator to other grains. None throws: a grain that cannot be reached is a retriable error, and the call may or may not have
/// taken effect. Every call is idempotent.
/// </summary>
public interface ITransactionPeers
{
    /// <summary>Tells a partition how a transaction ended.</summary>
    ValueTask<ErrorCode> EndPartition(PartitionKey partition, TransactionMarker marker);

    /// <summary>Tells a group how a transaction ended.</summary>
    ValueTask<ErrorCode> EndGroup(GroupId group, TransactionMarker marker);

    /// <summary>Tells the catalog how a transactional id is used.</summary>
    ValueTask<ErrorCode> Record(TransactionalId id, TransactionalIdUse use);
}

/// <summary>Gives a producer id that no producer of the cluster has had, or a retriable error. Does not throw.</summary>
public delegate ValueTask<(ErrorCode Error, long Id)> NextProducerId();
