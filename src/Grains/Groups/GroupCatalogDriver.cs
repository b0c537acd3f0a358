using Loire.Coordination.Groups.Catalog;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

/// <summary>
/// The ids of one part of the groups, in a <see cref="JournaledState{TState,TRecord}"/>. It needs no silo. Not thread-safe: calls and
/// continuations run on one scheduler.
/// </summary>
public sealed class GroupCatalogDriver : IAsyncDisposable
{
    private const int SweepCallsAtOnce = 4;

    private readonly JournaledState<GroupCatalogState, GroupCatalogRecord> _catalog;
    private readonly Func<GroupId, ValueTask<ErrorCode>> _expire;

    /// <summary>A catalog that is not open yet.</summary>
    /// <param name="journal">Makes its journal.</param>
    /// <param name="expire">Has a group remove what has expired.</param>
    /// <param name="logger">Logs failures of the journal.</param>
    internal GroupCatalogDriver(JournalSource journal, Func<GroupId, ValueTask<ErrorCode>> expire, ILogger logger)
    {
        _expire = expire;
        _catalog = new(journal, GroupCatalogJournalCodec.Instance, ErrorCode.NotCoordinator, logger, static _ => { });
    }

    /// <summary>Records whether a group exists.</summary>
    public async Task<ErrorCode> RecordAsync(GroupId groupId, bool exists) =>
        (await _catalog.ChangeAsync(state => state.Record(groupId, exists))).Error;

    /// <summary>One page of the ids.</summary>
    public async Task<GroupList> ListAsync(string after, int max)
    {
        if (max is < 1 or > Limits.GroupsPerPage)
        {
            return new GroupList(ErrorCode.InvalidRequest, [], false);
        }

        var (error, page) = await _catalog.ReadAsync(state => state.Page(after, max));
        return error == ErrorCode.None ? new GroupList(error, page.Ids, page.HasMore) : new GroupList(error, [], false);
    }

    /// <summary>Has every group remove what has expired, a few at a time.</summary>
    public async Task SweepAsync()
    {
        if (await _catalog.OpenAsync() == ErrorCode.None)
        {
            await BoundedCalls.ForEach(_catalog.State.Ids.ToArray(), SweepCallsAtOnce, _expire);
        }
    }

    /// <summary>Waits for the write under way.</summary>
    public ValueTask DisposeAsync() => _catalog.DisposeAsync();
}
