using Loire.Coordination.Groups.Catalog;
using Loire.Grains.Catalogs;
using Loire.Grains.Journals;
using Loire.Log;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>The groups of a store, found by its listing: what a shard of the catalog should say.</summary>
/// <param name="listing">Lists the objects of the store.</param>
/// <param name="journals">Returns the journal of a name.</param>
/// <param name="isOfShard">Whether a group belongs to the shard.</param>
internal sealed class StoredGroups(IObjectListing listing, Func<string, JournalSource> journals, Func<GroupId, bool> isOfShard)
{
    private readonly StoredIds<GroupId> _ids = new(
        listing, GroupJournalName.Kind, journals, text => GroupId.TryParse(text, out var id, out _) && isOfShard(id) ? id : default(GroupId?));

    /// <summary>Reads the ids of the groups that have a record.</summary>
    /// <returns>All ids of the shard, null if there are none; or the error of storage.</returns>
    public async Task<(ErrorCode Error, GroupCatalogRecord? Snapshot)> ReadCatalogAsync()
    {
        var (error, ids) = await _ids.ReadAsync();
        return (error, ids.Count == 0 ? null : new GroupCatalogRecord.Snapshot(ids));
    }
}
