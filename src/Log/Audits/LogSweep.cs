using Loire.Log.Chains;
using Loire.Log.Objects;
using Orleans.Storage;

namespace Loire.Log.Audits;

/// <summary>
/// Deletes objects that belong to no living log: a write in doubt that lands after its log's deletion leaves one. Safe beside writers. A log has its head
/// before any other object, and an incarnation that is not the head's never returns; so an object that was listed before the head was read, and is
/// not the head's, was left behind.
/// </summary>
/// <param name="listing">Lists the objects.</param>
/// <param name="storage">Deletes them; the storage of the same store.</param>
/// <param name="time">The clock of deadlines.</param>
public sealed class LogSweep(IObjectListing listing, IGrainStorage storage, TimeProvider time)
{
    /// <summary>Deletes what belongs to no living log.</summary>
    /// <param name="isGone">
    /// Whether a log without a head was deleted, by its name. Asked only for logs whose keys carry no incarnation: there, objects without a head may
    /// also mean that the head was lost.
    /// </param>
    /// <param name="cancellation">Ends the sweep between two logs.</param>
    /// <returns>How many objects were deleted.</returns>
    public async Task<int> RunAsync(Func<string, Task<bool>> isGone, CancellationToken cancellation = default)
    {
        // Nearly every log shows by its keys alone that it has nothing of the kind, so only the others' objects are remembered and heads read.
        var suspects = (await ListedLogs.ReadAsync(listing, static _ => false, cancellation))
            .Where(log => log.IsSuspect).Select(log => log.Name.Text).ToHashSet(StringComparer.Ordinal);
        if (suspects.Count == 0)
        {
            return 0;
        }

        var deleted = 0;
        foreach (var log in await ListedLogs.ReadAsync(listing, name => suspects.Contains(name), cancellation))
        {
            foreach (var objects in log.Objects.GroupBy(found => found.Incarnation, found => found.Key))
            {
                cancellation.ThrowIfCancellationRequested();
                deleted += await SweepAsync(log.Name, objects.Key, [.. objects], isGone);
            }
        }

        return deleted;
    }

    private async Task<int> SweepAsync(LogName name, Guid? incarnation, ObjectKey[] keys, Func<string, Task<bool>> isGone)
    {
        var store = new ChainObjects(new StorageCalls(storage, name, Guid.Empty, new ChainOptions(), time), name) { Incarnation = incarnation };
        var deleted = 0;

        // Asked twice: one answer from the past, when there was no head yet, must not cost a log that lives its objects.
        foreach (var key in await IsLeftAsync() && await IsLeftAsync() ? keys : [])
        {
            deleted += await store.DeleteAsync(key, null) ? 1 : 0;
        }

        return deleted;

        async Task<bool> IsLeftAsync()
        {
            var head = await store.ReadHeadAsync();
            return head.Status switch
            {
                FetchStatus.Found => head.Head.Incarnation != incarnation,
                FetchStatus.Absent => incarnation is not null || await isGone(LogName.Unescape(name.Text)),
                _ => false,
            };
        }
    }
}
