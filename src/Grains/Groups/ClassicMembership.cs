using Loire.Coordination.Groups.Classic;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Groups;

/// <summary>
/// The members of a group that come by JoinGroup and SyncGroup: steps the machine of a classic group, and keeps the calls that wait. In a group that assigns
/// itself they are served by <see cref="HybridMembership"/>. A call that waits when the group moves or closes is answered with an error that makes the member
/// look for the group again, and join it.
/// </summary>
/// <param name="group">The group.</param>
/// <param name="turns">The turns of its driver.</param>
/// <param name="isAllowed">Whether all brokers read the records of classic members.</param>
/// <param name="newId">Makes ids of members unique.</param>
internal sealed class ClassicMembership(IGroupCore group, DriverTurns turns, Func<ValueTask<bool>> isAllowed, Func<Guid> newId)
{
    // Below the time that the contract gives a call.
    private static readonly TimeSpan LongestCall = TimeSpan.FromMinutes(30);

    private readonly ParkedAnswers<ClassicJoined> _joins = new(turns, LongestCall, static error => ClassicJoined.Refused(error, ""));
    private readonly ParkedAnswers<ClassicSynced> _syncs = new(turns, LongestCall, static error => ClassicSynced.Refused(error));
    private readonly HybridMembership _hybrid = new(group, newId);
    private long _calls;

    /// <summary>The number of calls that wait.</summary>
    public int Waiting => _joins.Count + _syncs.Count;

    /// <summary>When to call <see cref="EndDue"/>; null if nothing waits.</summary>
    public TimeSpan? NextDeadline => _joins.NextDeadline is { } join && !(_syncs.NextDeadline < join) ? join : _syncs.NextDeadline;

    private ClassicGroupMachine Machine => group.State.Classic;

    /// <summary>Joins, or joins again: answered when the generation has its members.</summary>
    public async Task<ClassicJoined> JoinAsync(ClassicJoin join, CancellationToken cancellation)
    {
        var memberId = join?.MemberId?.Value ?? "";
        if (join is null || GroupRequests.Problem(join) is not null)
        {
            return ClassicJoined.Refused(ErrorCode.InvalidRequest, memberId, join is null ? null : GroupRequests.Problem(join));
        }

        var error = await group.ReadyAsync();
        if (error == ErrorCode.None && join.MemberId is not null && !group.HasRecords)
        {
            error = await group.ConfirmAbsentAsync();
            error = error == ErrorCode.None ? ErrorCode.UnknownMemberId : error;
        }
        else if (error == ErrorCode.None && !await isAllowed())
        {
            error = ErrorCode.UnsupportedVersion;
        }

        if (error != ErrorCode.None)
        {
            return ClassicJoined.Refused(error, memberId);
        }

        // Who waits for a generation does not keep the entry of the catalog.
        var waits = await group.CreatingAsync(() => BeginAsync(join, cancellation), error => Task.FromResult(ClassicJoined.Refused(error, memberId)));
        return await waits;
    }

    /// <summary>Brings the assignments of the leader, or waits for them.</summary>
    public async Task<ClassicSynced> SyncAsync(ClassicSync sync, CancellationToken cancellation)
    {
        if (sync?.Member is null || sync.Assignments.IsDefault)
        {
            return ClassicSynced.Refused(ErrorCode.InvalidRequest);
        }

        if (await FindAsync() is not ErrorCode.None and var error)
        {
            return ClassicSynced.Refused(error);
        }

        // There is no await from here until the records are in the journal.
        if (_hybrid.Serves)
        {
            return await _hybrid.SyncAsync(sync, cancellation);
        }

        var call = ++_calls;
        var answer = _syncs.WaitAsync(call, group.Now, cancellation);
        await CommitAsync(Machine.Sync(sync, call, group.Now));
        _syncs.ForceEnd(call);
        return await answer;
    }

    /// <summary>Renews a session; says whether the member must join again.</summary>
    public async Task<ErrorCode> HeartbeatAsync(ClassicMemberKey member)
    {
        if (member is null)
        {
            return ErrorCode.InvalidRequest;
        }

        if (await FindAsync() is not ErrorCode.None and var error)
        {
            return error;
        }

        if (_hybrid.Serves)
        {
            return await _hybrid.HeartbeatAsync(member);
        }

        var step = Machine.Heartbeat(member, group.Now);
        error = await CommitAsync(step);
        return error != ErrorCode.None ? error : step.Error;
    }

    /// <summary>Removes members.</summary>
    public async Task<ClassicLeft> LeaveAsync(ClassicLeaver[] leavers)
    {
        if (leavers is null || leavers.Length > Limits.MembersPerGroup || Array.Exists(leavers, static leaver => leaver is null))
        {
            return new ClassicLeft(ErrorCode.InvalidRequest, []);
        }

        var error = await FindAsync();
        if (error == ErrorCode.UnknownMemberId)
        {
            return new ClassicLeft(ErrorCode.None, [.. leavers.Select(_ => error)]);
        }

        if (error != ErrorCode.None)
        {
            return new ClassicLeft(error, []);
        }

        if (_hybrid.Serves)
        {
            return await _hybrid.LeaveAsync(leavers);
        }

        var step = Machine.Leave(leavers, group.Now);
        error = await CommitAsync(step);
        return error != ErrorCode.None ? new ClassicLeft(error, []) : new ClassicLeft(error, [.. step.Errors]);
    }

    /// <summary>Makes a step of the machine durable, and then answers the calls that it has answered.</summary>
    public async Task<ErrorCode> CommitAsync(ClassicStep step)
    {
        var error = await group.CommitClassicAsync(step);
        Answer(step, error);
        return error;
    }

    /// <summary>Answers the calls that a step has answered.</summary>
    /// <param name="step">The step.</param>
    /// <param name="error">Why it is not durable; <see cref="ErrorCode.None"/> if it is.</param>
    public void Answer(ClassicStep step, ErrorCode error)
    {
        foreach (var (call, answer) in step.Joined)
        {
            _joins.Answer(call, error == ErrorCode.None ? answer : ClassicJoined.Refused(error, ""));
        }

        foreach (var (call, answer) in step.Synced)
        {
            _syncs.Answer(call, error == ErrorCode.None ? answer : ClassicSynced.Refused(error));
        }
    }

    /// <summary>Refuses calls that have waited for as long as a call may.</summary>
    public void EndDue(TimeSpan now)
    {
        _joins.EndDue(now);
        _syncs.EndDue(now);
    }

    /// <summary>Refuses what waits, and all later calls that would have to wait.</summary>
    public void EndAll(ErrorCode error)
    {
        _joins.EndAll(error);
        _syncs.EndAll(error);
    }

    private async Task<Task<ClassicJoined>> BeginAsync(ClassicJoin join, CancellationToken cancellation)
    {
        // There is no await from here until the records are in the journal.
        if (_hybrid.Serves)
        {
            return Task.FromResult(await _hybrid.JoinAsync(join));
        }

        var call = ++_calls;
        var answer = _joins.WaitAsync(call, group.Now, cancellation);
        await CommitAsync(Machine.Join(join, call, newId(), group.Now));
        _joins.ForceEnd(call);
        return answer;
    }

    /// <summary>Opens the group; <see cref="ErrorCode.UnknownMemberId"/> if there is none, and so no member.</summary>
    private async Task<ErrorCode> FindAsync()
    {
        var error = await group.ReadyAsync();
        if (error != ErrorCode.None || group.HasRecords)
        {
            return error;
        }

        error = await group.ConfirmAbsentAsync();
        return error == ErrorCode.None ? ErrorCode.UnknownMemberId : error;
    }
}
