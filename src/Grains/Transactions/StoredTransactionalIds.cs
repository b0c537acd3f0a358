using Loire.Coordination.Transactions.Catalog;
using Loire.Grains.Catalogs;
using Loire.Grains.Journals;
using Loire.Log;
using Loire.Model.Transactions;

namespace Loire.Grains.Transactions;

/// <summary>The transactional ids of a store, found by its listing: what a shard of the catalog should say.</summary>
/// <param name="listing">Lists the objects of the store.</param>
/// <param name="journals">Returns the journal of a name.</param>
/// <param name="isOfShard">Whether an id belongs to the shard.</param>
internal sealed class StoredTransactionalIds(IObjectListing listing, Func<string, JournalSource> journals, Func<TransactionalId, bool> isOfShard)
{
    private readonly StoredIds<TransactionalId> _ids = new(
        listing, TransactionJournalName.Kind, journals, text => TransactionalId.TryParse(text, out var id, out _) && isOfShard(id) ? id : default(TransactionalId?));

    /// <summary>Reads the ids that are in use. Each counts as active until its coordinator says otherwise.</summary>
    /// <returns>All ids of the shard, null if there are none; or the error of storage.</returns>
    public async Task<(ErrorCode Error, TransactionCatalogRecord? Snapshot)> ReadCatalogAsync()
    {
        var (error, ids) = await _ids.ReadAsync();
        return (error, ids.Count == 0 ? null : new TransactionCatalogRecord.Snapshot([.. ids.Select(id => (id, TransactionalIdUse.Active))]));
    }
}
