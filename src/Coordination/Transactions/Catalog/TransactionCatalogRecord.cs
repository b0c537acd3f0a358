using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions.Catalog;

/// <summary>One durable change of a part of the catalog of transactional ids, encoded by <see cref="TransactionCatalogCodec"/>.</summary>
public abstract record TransactionCatalogRecord
{
    private TransactionCatalogRecord()
    {
    }

    /// <summary>How an id is used from now on.</summary>
    public sealed record Used(TransactionalId Id, TransactionalIdUse Use) : TransactionCatalogRecord;

    /// <summary>All ids that are in use; replaces the records before it.</summary>
    /// <param name="Ids">In ordinal order.</param>
    public sealed record Snapshot(IReadOnlyList<(TransactionalId Id, TransactionalIdUse Use)> Ids) : TransactionCatalogRecord;
}
