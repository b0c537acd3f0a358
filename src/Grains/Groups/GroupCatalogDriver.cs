using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Topics;
using Loire.Log;
using Loire.Model;
using Loire.Coordination.Groups.Catalog;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

/// <summary>
/// The ids of one part of the groups. It needs no silo. Not thread-safe: calls and continuations run on one scheduler. A change is applied
/// at once and answered when it is durable; what changes nothing waits for the write under way too, so nobody learns what may still be lost.
/// After a failed write the ids are read again.
/// </summary>
/// <param name="newJournal">Makes the journal, not opened.</param>
/// <param name="expire">Has a group remove what has expired.</param>
/// <param name="logger">Told of failures.</param>
public sealed partial class GroupCatalogDriver(Func<Journal> newJournal, Func<string, ValueTask<ErrorCode>> expire, ILogger logger)
    : IAsyncDisposable
{
    private const int SweepCallsAtOnce = 4;

    private Generation? _current;

    /// <summary>The ids as one journal instance has made them, up to its failure.</summary>
    private sealed class Generation(Journal journal)
    {
        public Journal Journal { get; } = journal;

        public GroupCatalogState State { get; } = new();

        public GroupCommitQueue Writes { get; set; } = null!;

        public Task<ErrorCode> Opening { get; set; } = null!;
    }

    /// <summary>Notes whether a group exists.</summary>
    public async Task<ErrorCode> RecordAsync(string groupId, bool exists)
    {
        var (generation, error) = await OpenAsync();
        if (error != ErrorCode.None)
        {
            return error;
        }

        var decision = generation.State.Record(groupId, exists);
        foreach (var record in decision.Records)
        {
            generation.State.Apply(record);
        }

        error = await generation.Writes.Append([.. decision.Records.Select(GroupCatalogCodec.Write)]);
        return error != ErrorCode.None ? error : decision.Error;
    }

    /// <summary>One page of the ids.</summary>
    public async Task<GroupList> ListAsync(string after, int max)
    {
        if (max is < 1 or > Limits.GroupsPerPage)
        {
            return new GroupList(ErrorCode.InvalidRequest, [], false);
        }

        var (generation, error) = await OpenAsync();
        if (error != ErrorCode.None)
        {
            return new GroupList(error, [], false);
        }

        var (ids, hasMore) = generation.State.Page(after, max);
        error = await generation.Writes.Durable;
        return error == ErrorCode.None ? new GroupList(error, ids, hasMore) : new GroupList(error, [], false);
    }

    /// <summary>Has every group remove what has expired, a few at a time.</summary>
    public async Task SweepAsync()
    {
        var (generation, error) = await OpenAsync();
        if (error == ErrorCode.None)
        {
            await BoundedCalls.ForEach(generation.State.Ids.ToArray(), SweepCallsAtOnce, expire);
        }
    }

    /// <summary>Waits for the write under way.</summary>
    public ValueTask DisposeAsync() => _current?.Journal.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<(Generation Generation, ErrorCode Error)> OpenAsync()
    {
        var generation = _current;
        if (generation is null)
        {
            generation = _current = new Generation(newJournal());
            var opened = generation;
            generation.Writes = new GroupCommitQueue(
                generation.Journal, () => GroupCatalogCodec.Write(opened.State.Snapshot()), (failure, bug) => GiveUp(opened, failure, bug));
            generation.Opening = ReplayAsync(generation);
        }

        var error = await generation.Opening;
        if (error != ErrorCode.None)
        {
            GiveUp(generation, error, null);
        }

        return (generation, error);
    }

    private static async Task<ErrorCode> ReplayAsync(Generation generation)
    {
        var unreadable = false;

        void Replay(ReadOnlySpan<byte> bytes)
        {
            unreadable |= !GroupCatalogCodec.TryRead(bytes, out var record);
            if (record is not null && !unreadable)
            {
                generation.State.Apply(record);
            }
        }

        var error = await generation.Journal.OpenAsync(Replay, Replay);
        return error != ErrorCode.None || unreadable ? ErrorCode.KafkaStorageError : ErrorCode.None;
    }

    private void GiveUp(Generation generation, ErrorCode error, Exception? bug)
    {
        if (ReferenceEquals(_current, generation))
        {
            JournalFailed(bug, error);
            _current = null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The journal of a catalog of groups failed: {Error}. It is read again.")]
    private partial void JournalFailed(Exception? bug, ErrorCode error);
}
