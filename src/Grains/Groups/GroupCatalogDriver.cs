using Loire.Coordination.Groups.Catalog;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

/// <summary>
/// The ids of the groups of one shard, in a <see cref="JournaledState{TState,TRecord}"/>. Runs without a silo. Not thread-safe: calls and
/// continuations run on one scheduler.
/// </summary>
public sealed class GroupCatalogDriver : IMoving, IAsyncDisposable
{
    private const int SweepCallsAtOnce = 4;

    private readonly JournaledState<GroupCatalogState, GroupCatalogRecord> _catalog;
    private readonly Func<GroupId, ValueTask<ErrorCode>> _expire;
    private readonly TimeSpan _maxAge;
    private readonly CancellationTokenSource _retired = new();

    /// <summary>Creates the driver of a catalog that is not open yet.</summary>
    /// <param name="journal">Creates the catalog's journal.</param>
    /// <param name="expire">Calls a group to remove what has expired.</param>
    /// <param name="maxAge">How old the state may be from which lists are returned.</param>
    /// <param name="logger">Logs failures of the journal.</param>
    /// <param name="stored">The groups of the store, from which the catalog is rebuilt; null if it cannot be listed.</param>
    /// <param name="rebuilt">Invoked with the journal's name when it has been rebuilt.</param>
    internal GroupCatalogDriver(
        JournalSource journal, Func<GroupId, ValueTask<ErrorCode>> expire, TimeSpan maxAge, ILogger logger, StoredGroups? stored = null,
        Action<string>? rebuilt = null)
    {
        (_expire, _maxAge) = (expire, maxAge);
        _catalog = new(
            journal, GroupCatalogJournalCodec.Instance, ErrorCode.NotCoordinator, logger, static _ => { },
            stored is null ? null : new StateElsewhere<GroupCatalogRecord>(stored.ReadCatalogAsync, rebuilt ?? (static _ => { })));
    }

    /// <summary>Records whether a group exists.</summary>
    public async Task<ErrorCode> RecordAsync(GroupId groupId, bool exists) =>
        (await _catalog.ChangeAsync(state => state.Record(groupId, exists))).Error;

    /// <summary>Returns one page of the ids.</summary>
    public async Task<GroupList> ListAsync(string after, int max)
    {
        if (max is < 1 or > Limits.GroupsPerPage)
        {
            return new GroupList(ErrorCode.InvalidRequest, [], false);
        }

        var (error, page) = await _catalog.ReadAsync(state => state.Page(after, max), _maxAge);
        return error == ErrorCode.None ? new GroupList(error, page.Ids, page.HasMore) : new GroupList(error, [], false);
    }

    /// <summary>Calls every group to remove what has expired, a few at a time.</summary>
    public async Task SweepAsync()
    {
        if (await _catalog.OpenAsync() == ErrorCode.None)
        {
            await BoundedCalls.ForEach(_catalog.State.Ids.ToArray(), SweepCallsAtOnce, _expire, _retired.Token);
        }
    }

    /// <summary>Ends the sweep, which the next activation makes again. Thread-safe.</summary>
    public void Retire() => _retired.Cancel();

    /// <inheritdoc/>
    public void EndWaits() => Retire();

    /// <summary>Waits for the write in flight.</summary>
    public ValueTask DisposeAsync() => _catalog.DisposeAsync();
}
