using Loire.Coordination.Groups.Catalog;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>The groups of a store, found by its listing: what a shard of the catalog should say.</summary>
/// <param name="listing">Lists the objects of the store.</param>
/// <param name="journals">Returns the journal of a name.</param>
/// <param name="isOfShard">Whether a group belongs to the shard.</param>
internal sealed class StoredGroups(IObjectListing listing, Func<string, JournalSource> journals, Func<GroupId, bool> isOfShard)
{
    private const int ReadsAtOnce = 32;

    /// <summary>Reads the ids of the groups that have a record. One whose journal is damaged is listed: its deletion is not known.</summary>
    /// <returns>All ids of the shard, null if there are none; or the error of storage.</returns>
    public async Task<(ErrorCode Error, GroupCatalogRecord? Snapshot)> ReadCatalogAsync()
    {
        IReadOnlyList<string> names;
        try
        {
            names = await LogNames.OfKindAsync(listing, GroupJournalName.Kind);
        }
        catch (Exception)
        {
            // The provider's own exception: as for any call to storage, only that it failed matters.
            return (ErrorCode.KafkaStorageError, null);
        }

        List<GroupId> ids = [];
        var (_, error) = await BoundedCalls.ForEach(names, ReadsAtOnce, async name =>
        {
            if (!GroupJournalName.TryParse(name, out var id) || !isOfShard(id))
            {
                return ErrorCode.None;
            }

            // Only read, never led: an instance without an epoch holds nothing that must be given back.
            var hasRecords = false;
            var error = await journals(GroupJournalName.Of(id)).New().OpenAsync(_ => hasRecords = true, _ => hasRecords = true);
            if (error == ErrorCode.CorruptMessage || (error == ErrorCode.None && hasRecords))
            {
                ids.Add(id);
            }

            return error == ErrorCode.KafkaStorageError ? error : ErrorCode.None;
        });
        ids.Sort();
        return error != ErrorCode.None || ids.Count == 0 ? (error, null) : (error, new GroupCatalogRecord.Snapshot(ids));
    }
}
