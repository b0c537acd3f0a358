using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Groups.Catalog;
using Loire.Grains.Journals;

namespace Loire.Grains.Groups;

/// <summary>The journal of one shard of the catalog of groups.</summary>
internal sealed class GroupCatalogJournalCodec : IJournalCodec<GroupCatalogState, GroupCatalogRecord>
{
    /// <summary>The only instance.</summary>
    public static readonly GroupCatalogJournalCodec Instance = new();

    public GroupCatalogState New() => new();

    public GroupCatalogState Apply(GroupCatalogState state, GroupCatalogRecord record)
    {
        state.Apply(record);
        return state;
    }

    public GroupCatalogRecord Snapshot(GroupCatalogState state) => state.Snapshot();

    public ReadOnlyMemory<byte> Write(GroupCatalogRecord record) => GroupCatalogCodec.Write(record);

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupCatalogRecord? record) =>
        GroupCatalogCodec.TryRead(bytes, out record);
}
