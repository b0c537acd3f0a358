using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Catalogs;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

/// <summary>
/// Drives one consumer group: steps the machine of its members and the rules of its offsets, makes their decisions durable, and then
/// replies. Runs without a silo. Not thread-safe: calls and continuations run as turns of one queue.
/// <para>
/// The driver opens the journal at its first call. Sessions and deadlines are not durable: after opening, every member has a fresh session
/// and keeps its epoch and assignment. A group that was never used takes no storage: its first member or commit adds it to the catalog and
/// then to the journal. When the journal fails or has another owner, or the driver hits a bug, it fails all waiting calls with a retriable
/// error, deactivates the grain, and returns only errors from then on; the next activation starts from the durable state.
/// </para>
/// </summary>
public sealed partial class GroupDriver : IMoving, IGroupCore, IAsyncDisposable
{
    // Bytes of pending changes at which a commit is refused.
    private const long PendingBytesMax = 32 * 1024 * 1024;

    private static readonly TimeSpan TopicsRetry = TimeSpan.FromSeconds(1);

    // Keeps a group with members active while they are silent: Orleans collects an activation that is idle for some minutes.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly GroupId _groupId;
    private readonly GroupOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<TimeSpan> _wakeAfter;
    private readonly IActivation _activation;
    private readonly JournaledState<StoredGroup, GroupJournalRecord> _journal;
    private readonly GroupTopics _topics;
    private readonly OffsetsMirror _mirror;
    private readonly CatalogListing _listing;
    private readonly IGroupPeers _peers;
    private readonly OpenTransactions _transactions;
    private readonly GroupFeatures _features;
    private readonly DriverTurns _turns;
    private readonly ParkedHeartbeats _parked;
    private readonly ClassicMembership _classic;
    private readonly long _madeAt;
    private Task<ErrorCode>? _opening;
    private TimeSpan _nextTopics = TimeSpan.MaxValue;
    private TimeSpan _nextExpiry;
    private TimeSpan _wakesAt = TimeSpan.MaxValue;
    private ErrorCode _closed;
    private bool _isDropped;
    private bool _isUsed;
    private int _countedMembers;

    /// <summary>Creates the driver of a group that is not open yet.</summary>
    /// <param name="groupId">A legal id.</param>
    /// <param name="journal">Creates the group's journal, which the driver disposes of.</param>
    /// <param name="newState">Creates the state of a group without any record.</param>
    /// <param name="peers">The catalog, topics, partitions and coordinators of transactions.</param>
    /// <param name="features">What all brokers read.</param>
    /// <param name="newId">Makes ids of members unique.</param>
    /// <param name="turns">The turns in which the driver runs.</param>
    /// <param name="options">Bounds and intervals.</param>
    /// <param name="time">The clock of sessions, deadlines and commits.</param>
    /// <param name="logger">Logs operator-relevant events.</param>
    /// <param name="wakeAfter">Schedules one call of <see cref="WakeAsync"/> after a time, replacing the previous schedule.</param>
    /// <param name="activation">The activation of the grain that holds the driver.</param>
    internal GroupDriver(
        GroupId groupId, JournalSource journal, Func<StoredGroup> newState, IGroupPeers peers, GroupFeatures features, Func<Guid> newId,
        ITurnQueue turns, GroupOptions options, TimeProvider time, ILogger logger, Action<TimeSpan> wakeAfter, IActivation activation)
    {
        (_groupId, _options, _time, _logger, _wakeAfter, _activation) =
            (groupId, options, time, logger, wakeAfter, activation);
        (_peers, _features) = (peers, features);
        _listing = new CatalogListing(exists => peers.Record(groupId, exists));
        _transactions = new OpenTransactions(groupId, peers);
        _madeAt = time.GetTimestamp();
        _turns = new DriverTurns(turns, Fail);
        _parked = new ParkedHeartbeats(_turns);
        _classic = new ClassicMembership(this, _turns, features.AreClassicGroupsAllowed, newId);
        _journal = new(journal, new GroupJournalCodec(newState), ErrorCode.NotCoordinator, logger, Close);
        _topics = new GroupTopics(peers, () => Machine.State, () => Date, UpdateTopicMetadataAsync);
        _mirror = new OffsetsMirror(groupId, peers, options, time, logger, Fail);
    }

    /// <summary>The number of parked heartbeats.</summary>
    public int WaitingHeartbeats => _parked.Count;

    /// <summary>The number of partitions whose newest offset is not mirrored to <c>__consumer_offsets</c> yet.</summary>
    public int NotMirrored => _mirror.Waiting;

    /// <summary>The members that come by JoinGroup.</summary>
    internal ClassicMembership Classic => _classic;

    private StoredGroup State => _journal.State;

    private GroupMachine Machine => State.Machine;

    private OffsetsState Stored => State.Offsets;

    private bool HasMembers => State.HasMembers;

    private bool WatchesTopics => Machine.State.Members.Count > 0;

    private TimeSpan Now => _time.GetElapsedTime(_madeAt);

    private Timestamp Date => Timestamp.From(_time.GetUtcNow());

    /// <summary>Describes the group.</summary>
    public async Task<GroupResult> DescribeAsync()
    {
        var error = await NewestAsync();
        if (error == ErrorCode.None && !_journal.HasRecords)
        {
            DropIfAbsent();
            return new GroupResult(ErrorCode.GroupIdNotFound, null);
        }

        var description = error == ErrorCode.None ? State.Describe(_groupId) : null;
        error = error == ErrorCode.None ? await _journal.Durable : error;
        return new GroupResult(error, error == ErrorCode.None ? description : null);
    }

    /// <summary>Deletes the group with its offsets; it must have no members.</summary>
    public async Task<ErrorCode> DeleteAsync()
    {
        var error = await NewestAsync();
        if (error != ErrorCode.None || !_journal.HasRecords)
        {
            DropIfAbsent();
            return error != ErrorCode.None ? error : ErrorCode.GroupIdNotFound;
        }

        return HasMembers ? ErrorCode.NonEmptyGroup : await DeleteEmptyAsync();
    }

    /// <summary>Handles expired sessions, deadlines and intervals.</summary>
    public async Task WakeAsync()
    {
        _wakesAt = TimeSpan.MaxValue;
        if (await OpenedAsync() != ErrorCode.None)
        {
            return;
        }

        if (Machine.NextTick <= Now)
        {
            await CommitStepAsync(Machine.Tick(Now));
        }

        if (_closed == ErrorCode.None && State.Classic.NextTick <= Now)
        {
            await _classic.CommitAsync(State.Classic.Tick(Now));
        }

        if (WatchesTopics && _nextTopics <= Now)
        {
            AskTopics();
        }

        if (HasMembers && _nextExpiry <= Now)
        {
            _nextExpiry = Now + _options.ExpiryInterval;
            ConfirmListed();
            await RemoveExpired();
        }

        _parked.WakeDue(Now);
        _classic.EndDue(Now);
        Arm();
    }

    /// <summary>
    /// Posts a turn that deactivates the grain and fails parked heartbeats with a retriable error; pending changes still become durable.
    /// Thread-safe.
    /// </summary>
    public void Retire() => _turns.Post(() => Close(ErrorCode.NotCoordinator));

    /// <inheritdoc/>
    public void EndWaits() => _turns.Post(() =>
    {
        _parked.EndAll();
        _classic.EndAll(ErrorCode.NotCoordinator);
    });

    /// <summary>Fails parked heartbeats with a retriable error and waits for the write in flight.</summary>
    public ValueTask DisposeAsync()
    {
        Close(ErrorCode.NotCoordinator);
        return _journal.DisposeAsync();
    }

    /// <summary>
    /// Opens the group, and ensures that the state has every change that was durable when this was called: required before an answer that
    /// no write confirms. If another owner has changed the group, this driver closes.
    /// </summary>
    private async Task<ErrorCode> NewestAsync()
    {
        var error = await ReadyAsync();
        error = error == ErrorCode.None ? await _journal.CheckNewestAsync() : error;
        return _closed != ErrorCode.None ? _closed : error;
    }

    private Task<ErrorCode> ReadyAsync()
    {
        if (_isUsed)
        {
            return OpenedAsync();
        }

        _isUsed = true;
        return UseAsync();
    }

    private async Task<ErrorCode> UseAsync()
    {
        var error = await OpenedAsync();
        if (error == ErrorCode.None && _journal.HasRecords)
        {
            ConfirmListed();
        }

        return error;
    }

    private void ConfirmListed() => _turns.Start(async () =>
    {
        if (await _listing.ConfirmAsync() is not ErrorCode.None and var error)
        {
            NotRecorded(_groupId, error);
        }
    });

    private Task<ErrorCode> OpenedAsync() =>
        _closed != ErrorCode.None ? Task.FromResult(_closed)
        : _opening is { IsCompletedSuccessfully: true } ? _opening
        : OpenAsync();

    private async Task<ErrorCode> OpenAsync()
    {
        var error = await (_opening ??= OpenOnceAsync());
        return _closed != ErrorCode.None ? _closed : error;
    }

    private async Task<ErrorCode> OpenOnceAsync()
    {
        var error = await _journal.OpenAsync();
        if (error != ErrorCode.None)
        {
            return error;
        }

        _listing.IsListed = _journal.HasRecords;
        _nextExpiry = Now + _options.ExpiryInterval;
        Machine.Start(Now);
        State.Classic.Start(Now);
        CountMembers();
        _ = RemoveExpired();
        if (WatchesTopics)
        {
            AskTopics();
        }

        Arm();

        return ErrorCode.None;
    }

    private void Arm()
    {
        if (_closed != ErrorCode.None)
        {
            return;
        }

        // Without members nothing keeps the group active: the sweep, or the next use, removes what has expired.
        var now = Now;
        var next = HasMembers ? _nextExpiry : TimeSpan.MaxValue;
        next = Machine.NextTick is { } tick && tick < next ? tick : next;
        next = State.Classic.NextTick is { } classic && classic < next ? classic : next;
        next = _classic.NextDeadline is { } longest && longest < next ? longest : next;
        next = _parked.NextDeadline is { } deadline && deadline < next ? deadline : next;
        next = WatchesTopics && _nextTopics < next ? _nextTopics : next;
        next = HasMembers && now + LongestWait < next ? now + LongestWait : next;
        if (next < _wakesAt)
        {
            _wakesAt = next;

            // Rounded up: a timer that fires too early would only have to be set again.
            _wakeAfter(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling((next - now).TotalMilliseconds))));
        }
    }

    /// <summary>Makes a change durable. The machine has already applied its own records; the records of offsets are applied here.</summary>
    private Task<ErrorCode> AppendAsync(IReadOnlyList<GroupRecord> members, OffsetsRecord? offsets, IReadOnlyList<ClassicRecord>? classic = null)
    {
        List<GroupJournalRecord> records = [.. members.Select(record => new GroupJournalRecord.Members(record))];
        records.AddRange((classic ?? []).Select(record => new GroupJournalRecord.Classic(record)));
        if (offsets is not null)
        {
            Stored.Apply(offsets);
            records.Add(new GroupJournalRecord.Offsets(offsets));
        }

        return _journal.AppendAsync(records);
    }

    /// <summary>Ends all waiting calls after a bug: what is in memory may be ahead of the journal.</summary>
    internal void Fail(Exception bug)
    {
        Failed(bug, _groupId);
        Close(ErrorCode.CoordinatorNotAvailable);
    }

    private void Close(ErrorCode error)
    {
        if (_closed == ErrorCode.None)
        {
            _closed = error;
            CountMembers();
            _parked.Close(error);
            _classic.EndAll(error);
            _mirror.Close();
            Drop();
        }
    }

    // The metric counts members only where the group is active.
    private void CountMembers()
    {
        var members = _closed == ErrorCode.None ? Machine.State.Members.Count + State.Classic.MembersCount : 0;
        _options.Metrics.MembersChanged(members - _countedMembers);
        _countedMembers = members;
    }

    private void Drop()
    {
        if (!_isDropped)
        {
            _isDropped = true;
            _activation.Deactivate();
        }
    }
}
