using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Audits;

namespace Loire.Grains.Catalogs;

/// <summary>The ids of one kind that have a journal in a store, found by its listing: what a shard of their catalog should say.</summary>
/// <param name="listing">Lists the objects of the store.</param>
/// <param name="kind">The kind of the journals.</param>
/// <param name="journals">Returns the journal of a name.</param>
/// <param name="find">Returns an id if it is legal and belongs to the shard.</param>
internal sealed class StoredIds<TId>(IObjectListing listing, string kind, Func<string, JournalSource> journals, Func<string, TId?> find)
    where TId : struct, IComparable<TId>
{
    private const int ReadsAtOnce = 32;

    /// <summary>Reads the ids that have a record. One whose journal is damaged is listed: its deletion is not known.</summary>
    /// <returns>All ids of the shard, in order; or the error of storage.</returns>
    public async Task<(ErrorCode Error, IReadOnlyList<TId> Ids)> ReadAsync()
    {
        IReadOnlyList<string> names;
        try
        {
            names = await LogNames.OfKindAsync(listing, kind);
        }
        catch (Exception)
        {
            // The provider's own exception: as for any call to storage, only that it failed matters.
            return (ErrorCode.KafkaStorageError, []);
        }

        List<TId> ids = [];
        var (_, error) = await BoundedCalls.ForEach(names, ReadsAtOnce, async name =>
        {
            if (find(JournalKey.Id(name)) is not { } id)
            {
                return ErrorCode.None;
            }

            // Only read, never led: an instance without an epoch holds nothing that must be given back.
            var hasRecords = false;
            var error = await journals($"{kind}/{name}").New().OpenAsync(_ => hasRecords = true, _ => hasRecords = true);
            if (error == ErrorCode.CorruptMessage || (error == ErrorCode.None && hasRecords))
            {
                ids.Add(id);
            }

            return error == ErrorCode.KafkaStorageError ? error : ErrorCode.None;
        });
        ids.Sort();
        return (error, error == ErrorCode.None ? ids : []);
    }
}
