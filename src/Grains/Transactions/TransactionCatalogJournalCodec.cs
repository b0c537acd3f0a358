using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Transactions.Catalog;
using Loire.Grains.Journals;

namespace Loire.Grains.Transactions;

/// <summary>The journal of one shard of the catalog of transactional ids.</summary>
internal sealed class TransactionCatalogJournalCodec : IJournalCodec<TransactionCatalogState, TransactionCatalogRecord>
{
    /// <summary>The only instance.</summary>
    public static readonly TransactionCatalogJournalCodec Instance = new();

    public TransactionCatalogState New() => new();

    public TransactionCatalogState Apply(TransactionCatalogState state, TransactionCatalogRecord record)
    {
        state.Apply(record);
        return state;
    }

    public TransactionCatalogRecord Snapshot(TransactionCatalogState state) => state.Snapshot();

    public ReadOnlyMemory<byte> Write(TransactionCatalogRecord record) => TransactionCatalogCodec.Write(record);

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TransactionCatalogRecord? record) =>
        TransactionCatalogCodec.TryRead(bytes, out record);
}
