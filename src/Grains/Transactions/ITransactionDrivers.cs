using Loire.Grains.Turns;
using Loire.Model.Transactions;

namespace Loire.Grains.Transactions;

/// <summary>Creates the drivers of transactional ids and their catalogs, joined to the silo's storage, clock and peers.</summary>
public interface ITransactionDrivers
{
    /// <summary>Creates the driver of a transactional id.</summary>
    /// <param name="id">Which; a legal id.</param>
    /// <param name="turns">The turns of its activation.</param>
    /// <param name="wakeAfter">Schedules one call of <see cref="TransactionDriver.WakeAsync"/> after a time.</param>
    /// <param name="activation">The activation of the grain that holds the driver.</param>
    TransactionDriver Transaction(TransactionalId id, ITurnQueue turns, Action<TimeSpan> wakeAfter, IActivation activation);

    /// <summary>Creates the driver of one shard of the catalog of transactional ids.</summary>
    /// <param name="shard">Which shard, from 0.</param>
    TransactionCatalogDriver TransactionCatalog(int shard);
}
