using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions.Catalog;

/// <summary>
/// The transactional ids in one part of their catalog, and the rules for changing them. An id is marked active before it may have an open transaction,
/// so that after the death of its silo the active ones are all that must be asked.
/// </summary>
public sealed class TransactionCatalogState
{
    private readonly SortedIds<TransactionalId> _ids = new(static id => id.Value);
    private readonly HashSet<TransactionalId> _active = [];

    /// <summary>The ids in ordinal order.</summary>
    public IReadOnlyList<TransactionalId> Ids => _ids.All;

    /// <summary>The ids that may have an open transaction, in no order.</summary>
    public IReadOnlyCollection<TransactionalId> Active => _active;

    /// <summary>Records how an id is used, as its coordinator reports it.</summary>
    public Decision<TransactionCatalogRecord> Record(TransactionalId id, TransactionalIdUse use) =>
        id == default ? Decision<TransactionCatalogRecord>.Refuse(ErrorCode.InvalidRequest, TransactionalId.FindProblem(id.Value)!)
        : !Enum.IsDefined(use) ? Decision<TransactionCatalogRecord>.Refuse(ErrorCode.InvalidRequest, "There is no such use.")
        : use == UseOf(id) ? Decision<TransactionCatalogRecord>.Accept()
        : use != TransactionalIdUse.Gone && !_ids.Contains(id) && _ids.Count >= Limits.TransactionalIdsPerCatalog
            ? Decision<TransactionCatalogRecord>.Refuse(ErrorCode.PolicyViolation, "The maximum number of transactional ids is reached.")
        : Decision<TransactionCatalogRecord>.Accept(new TransactionCatalogRecord.Used(id, use));

    /// <summary>Returns up to <paramref name="max"/> ids that follow <paramref name="after"/>.</summary>
    public (TransactionalId[] Ids, bool HasMore) Page(string after, int max) => _ids.Page(after, max);

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(TransactionCatalogRecord record)
    {
        switch (record)
        {
            case TransactionCatalogRecord.Used { Id: var id, Use: TransactionalIdUse.Gone }:
                _ids.Remove(id);
                _active.Remove(id);
                break;
            case TransactionCatalogRecord.Used { Id: var id, Use: var use }:
                _ids.Add(id);
                Mark(id, use);
                break;
            case TransactionCatalogRecord.Snapshot snapshot:
                Invariant.Check(_ids.Count == 0, "a snapshot comes first");
                _ids.AddLast(snapshot.Ids.Select(one => one.Id));
                foreach (var (id, use) in snapshot.Ids)
                {
                    Mark(id, use);
                }

                break;
        }

        Invariant.Check(_active.Count <= _ids.Count, "what is active is in use");
    }

    /// <summary>The whole state as one record.</summary>
    public TransactionCatalogRecord Snapshot() => new TransactionCatalogRecord.Snapshot([.. _ids.All.Select(id => (id, UseOf(id)))]);

    private TransactionalIdUse UseOf(TransactionalId id) =>
        _active.Contains(id) ? TransactionalIdUse.Active : _ids.Contains(id) ? TransactionalIdUse.Idle : TransactionalIdUse.Gone;

    private void Mark(TransactionalId id, TransactionalIdUse use)
    {
        if (use == TransactionalIdUse.Active)
        {
            _active.Add(id);
        }
        else
        {
            _active.Remove(id);
        }
    }
}
