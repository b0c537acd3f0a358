using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

/// <summary>
/// Drives one consumer group: steps the machine of its members and the rules of its offsets, makes their decisions durable, and replies
/// after that. It needs no silo. Not thread-safe: calls and continuations run as turns of one queue.
/// <para>
/// It opens at its first call. Sessions and deadlines are not durable: after opening every member has a fresh session and keeps its epoch
/// and assignment. A group that was never used takes no storage: it is in the journal, and before that in the catalog, from its first
/// member or commit on. When the journal fails or has another owner, and when it finds a bug in itself, it answers everything that waits
/// with a retriable error, asks to be dropped, and answers only errors from then on: the next activation starts from what is durable.
/// </para>
/// </summary>
public sealed partial class GroupDriver : IRetiring, IAsyncDisposable
{
    // A change may wait for so many bytes of others; beyond it it is refused, with nothing done.
    private const long PendingBytesMax = 32 * 1024 * 1024;

    private static readonly TimeSpan TopicsRetry = TimeSpan.FromSeconds(1);

    // A group with members stays active though it hears of none of them: an activation that is not used for some minutes is collected.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly GroupId _groupId;
    private readonly IGroupPeers _peers;
    private readonly GroupOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<TimeSpan> _wakeAfter;
    private readonly IActivation _activation;
    private readonly JournaledState<StoredGroup, GroupJournalRecord> _journal;
    private readonly GroupTopics _topics;
    private readonly OffsetsMirror _mirror;
    private readonly DriverTurns _turns;
    private readonly ParkedHeartbeats _parked;
    private readonly long _madeAt;
    private Task<ErrorCode>? _opening;
    private TimeSpan _nextTopics = TimeSpan.MaxValue;
    private TimeSpan _nextExpiry;
    private TimeSpan _wakesAt = TimeSpan.MaxValue;
    private ErrorCode _closed;
    private bool _isListed;
    private bool _isDropped;
    private bool _isUsed;
    private int _countedMembers;

    /// <summary>A group that is not open yet.</summary>
    /// <param name="groupId">Its id; legal.</param>
    /// <param name="journal">Makes its journal; the driver disposes of it.</param>
    /// <param name="newMachine">Makes the machine of its members, without any record.</param>
    /// <param name="peers">The catalog, topics and partitions.</param>
    /// <param name="turns">The turns in which the driver runs.</param>
    /// <param name="options">Intervals.</param>
    /// <param name="time">For sessions, deadlines and times of commits.</param>
    /// <param name="logger">Logs operator-relevant events.</param>
    /// <param name="wakeAfter">Asked to call <see cref="WakeAsync"/> once after a time, instead of what was asked before.</param>
    /// <param name="activation">Of the grain that holds the driver.</param>
    internal GroupDriver(
        GroupId groupId, JournalSource journal, Func<GroupMachine> newMachine, IGroupPeers peers, ITurnQueue turns, GroupOptions options,
        TimeProvider time, ILogger logger, Action<TimeSpan> wakeAfter, IActivation activation)
    {
        (_groupId, _peers, _options, _time, _logger, _wakeAfter, _activation) =
            (groupId, peers, options, time, logger, wakeAfter, activation);
        _madeAt = time.GetTimestamp();
        _turns = new DriverTurns(turns, Fail);
        _parked = new ParkedHeartbeats(_turns);
        _journal = new(journal, new GroupJournalCodec(newMachine), ErrorCode.NotCoordinator, logger, Close);
        _topics = new GroupTopics(peers, () => Machine.State, () => Date, UpdateTopicMetadataAsync);
        _mirror = new OffsetsMirror(groupId, peers, options, time, logger, Fail);
    }

    /// <summary>Heartbeats that wait for news now.</summary>
    public int WaitingHeartbeats => _parked.Count;

    /// <summary>Partitions whose newest offset is not in <c>__consumer_offsets</c> yet.</summary>
    public int NotMirrored => _mirror.Waiting;

    private GroupMachine Machine => _journal.State.Machine;

    private OffsetsState Stored => _journal.State.Offsets;

    private bool HasMembers => Machine.State.Members.Count > 0;

    private TimeSpan Now => _time.GetElapsedTime(_madeAt);

    private Timestamp Date => Timestamp.From(_time.GetUtcNow());

    /// <summary>The group as it is.</summary>
    public async Task<GroupResult> DescribeAsync()
    {
        var error = await ReadyAsync();
        if (error == ErrorCode.None && !_journal.HasRecords)
        {
            DropIfAbsent();
            return new GroupResult(ErrorCode.GroupIdNotFound, null);
        }

        var description = error == ErrorCode.None ? Machine.State.Describe(_groupId) : null;
        error = error == ErrorCode.None ? await _journal.Durable : error;
        return new GroupResult(error, error == ErrorCode.None ? description : null);
    }

    /// <summary>Deletes the group with its offsets; it must have no members.</summary>
    public async Task<ErrorCode> DeleteAsync()
    {
        var error = await ReadyAsync();
        if (error != ErrorCode.None || !_journal.HasRecords)
        {
            DropIfAbsent();
            return error != ErrorCode.None ? error : ErrorCode.GroupIdNotFound;
        }

        return HasMembers ? ErrorCode.NonEmptyGroup : await DeleteEmptyAsync();
    }

    /// <summary>Does what is due by the clock.</summary>
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

        if (HasMembers && _nextTopics <= Now)
        {
            AskTopics();
        }

        if (HasMembers && _nextExpiry <= Now)
        {
            _nextExpiry = Now + _options.ExpiryInterval;
            await RemoveExpired();
        }

        _parked.WakeDue(Now);
        Arm();
    }

    /// <summary>
    /// Has a turn ask to be dropped and answer heartbeats that wait with a retriable error; changes under way become durable still. May be
    /// called from any thread.
    /// </summary>
    public void Retire() => _turns.Post(() => Close(ErrorCode.NotCoordinator));

    /// <summary>Answers what waits with a retriable error, and waits for the write under way.</summary>
    public ValueTask DisposeAsync()
    {
        Close(ErrorCode.NotCoordinator);
        return _journal.DisposeAsync();
    }

    private Task<ErrorCode> ReadyAsync()
    {
        _isUsed = true;
        return OpenedAsync();
    }

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

        _isListed = _journal.HasRecords;
        _nextExpiry = Now + _options.ExpiryInterval;
        Machine.Start(Now);
        CountMembers();
        _ = RemoveExpired();
        if (HasMembers)
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

        // Without members nothing keeps the group awake: what expires then is found by the sweep, or when it is next used.
        var now = Now;
        var next = HasMembers ? _nextExpiry : TimeSpan.MaxValue;
        next = Machine.NextTick is { } tick && tick < next ? tick : next;
        next = _parked.NextDeadline is { } deadline && deadline < next ? deadline : next;
        next = HasMembers && _nextTopics < next ? _nextTopics : next;
        next = HasMembers && now + LongestWait < next ? now + LongestWait : next;
        if (next < _wakesAt)
        {
            _wakesAt = next;

            // Rounded up: a timer that fires too early would have to be set again for nothing.
            _wakeAfter(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling((next - now).TotalMilliseconds))));
        }
    }

    /// <summary>Makes a change durable. The machine has applied its records already; those of the offsets are applied here.</summary>
    private Task<ErrorCode> AppendAsync(IReadOnlyList<GroupRecord> members, OffsetsRecord? offsets)
    {
        List<GroupJournalRecord> records = [.. members.Select(record => new GroupJournalRecord.Members(record))];
        if (offsets is not null)
        {
            Stored.Apply(offsets);
            records.Add(new GroupJournalRecord.Offsets(offsets));
        }

        return _journal.AppendAsync(records);
    }

    private void Fail(Exception bug)
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
            _mirror.Close();
            Drop();
        }
    }

    // Members of a closed driver are counted where the group is active next.
    private void CountMembers()
    {
        var members = _closed == ErrorCode.None ? Machine.State.Members.Count : 0;
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
