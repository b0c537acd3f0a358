using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Topics;
using Loire.Grains.Journals;

namespace Loire.Grains.Topics;

/// <summary>The journal of the catalog of topics.</summary>
internal sealed class CatalogJournalCodec : IJournalCodec<CatalogState, CatalogRecord>
{
    /// <summary>The only instance.</summary>
    public static readonly CatalogJournalCodec Instance = new();

    public CatalogState New() => new();

    public CatalogState Apply(CatalogState state, CatalogRecord record)
    {
        state.Apply(record);
        return state;
    }

    public CatalogRecord Snapshot(CatalogState state) => state.Snapshot();

    public ReadOnlyMemory<byte> Write(CatalogRecord record) => CatalogRecordCodec.Write(record);

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CatalogRecord? record) =>
        CatalogRecordCodec.TryRead(bytes, out record);
}
