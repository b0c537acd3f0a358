using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Groups;

/// <content>The group's members: heartbeats, departures, and the topics that they subscribe to.</content>
public sealed partial class GroupDriver
{
    /// <summary>
    /// Renews a member's session. The reply is parked until there is news for the member, at most for the shorter of its wait and the
    /// heartbeat interval.
    /// </summary>
    public async Task<HeartbeatResult> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellation)
    {
        if (GroupRequests.Problem(request) is { } problem)
        {
            return Refused(ErrorCode.InvalidRequest, problem);
        }

        var error = await ReadyAsync();
        if (error == ErrorCode.None && request.MemberEpoch != 0 && !_journal.HasRecords)
        {
            // A request for a group that does not exist leaves no trace.
            error = await NewestAsync();
            DropIfAbsent();
            return Refused(error == ErrorCode.None ? ErrorCode.UnknownMemberId : error, null);
        }

        if (error != ErrorCode.None)
        {
            return Refused(error, null);
        }

        var (refusal, joinedAt) = await CreatingAsync(() => RenewAsync(request), error => (Refused(error, null), 0));
        if (refusal is not null)
        {
            return refusal;
        }

        var deadline = Now + (request.MaxWait < _options.Members.HeartbeatInterval ? request.MaxWait : _options.Members.HeartbeatInterval);
        if (request.MaxWait > TimeSpan.Zero && !Machine.HasNews(request.MemberId, joinedAt))
        {
            var parked = _parked.ParkAsync(request.MemberId, joinedAt, deadline, cancellation);
            Arm();
            error = await parked;
        }

        return error == ErrorCode.RequestTimedOut ? Refused(error, "A newer heartbeat of the member has come.")
            : error != ErrorCode.None ? Refused(error, null)
            : await AnswerAsync(request, joinedAt);
    }

    /// <summary>Removes a member; succeeds for an unknown member, which has left already.</summary>
    public async Task<ErrorCode> LeaveAsync(LeaveRequest request)
    {
        var error = await ReadyAsync();
        if (error != ErrorCode.None || !_journal.HasRecords)
        {
            error = error == ErrorCode.None ? await NewestAsync() : error;
            DropIfAbsent();
            return error;
        }

        if (request.MemberId is null && request.InstanceId is null)
        {
            return ErrorCode.InvalidRequest;
        }

        if (request.IsForAWhile)
        {
            return request is { MemberId: { } goer, InstanceId: { } instance } ? Machine.GoForAWhile(goer, instance) : ErrorCode.InvalidRequest;
        }

        var step = Machine.Leave(request.MemberId, request.InstanceId, Now, request.Incarnation);
        Left(_groupId, request.MemberId?.Value ?? request.InstanceId?.Value, request.Reason);
        error = await CommitStepAsync(step);
        return error != ErrorCode.None ? error : step.Error;
    }

    private static HeartbeatResult Refused(ErrorCode error, string? detail) => new(error, 0, [], TimeSpan.Zero, detail);

    private async Task<HeartbeatResult> AnswerAsync(HeartbeatRequest request, int joinedAt)
    {
        // The reply is durable once everything applied before it is.
        var answer = Machine.Answer(request.MemberId, request.InstanceId, joinedAt);
        Arm();
        var error = await _journal.Durable;
        return error != ErrorCode.None
            ? Refused(error, null)
            : answer;
    }

    /// <summary>Renews or starts the member's session; returns when the member joined, or the refusal.</summary>
    private async Task<(HeartbeatResult? Refusal, int JoinedAt)> RenewAsync(HeartbeatRequest request)
    {
        // There is no await from here until the records are in the journal.
        GroupRecord.Snapshot? taken = null;
        if (State.Classic.HasMembers && request is { MemberEpoch: 0, Subscription: not null }
            && (taken = KindChange.ToServer(State.Classic, request, Machine.State.Epoch)) is null)
        {
            var used = State.Classic.Describe(_groupId).ProtocolType;
            return (Refused(
                ErrorCode.InconsistentGroupProtocol,
                $"The group has members of the classic protocol, which use it for '{used}' and assign by themselves: they must leave before the group can assign."), 0);
        }

        var step = taken is null ? Machine.Heartbeat(request, Now) : Machine.TakeOver(taken, request, Now);
        // What waits for a classic member is its request for the assignment, which its heartbeats do not replace.
        if (step.Error == ErrorCode.None && Machine.State.Members.GetValueOrDefault(request.MemberId) is not { Profile.Subscription.IsClassic: true })
        {
            _parked.Supersede(request.MemberId, step.JoinedAt);
        }

        // A group that assigns itself is no classic one any more.
        var error = await CommitStepAsync(step, step.Error == ErrorCode.None && State.Classic.Exists ? State.Classic.End(Now) : null);
        if (error != ErrorCode.None || step.Error != ErrorCode.None)
        {
            return (Refused(error != ErrorCode.None ? error : step.Error, error != ErrorCode.None ? null : step.Detail), 0);
        }

        if (Machine.State.Members.TryGetValue(request.MemberId, out var member) && step.Records.Count > 0 && _topics.Lacks(member.Profile))
        {
            AskTopics();
        }

        return (null, step.JoinedAt);
    }

    /// <summary>Makes a step of the machine durable and then answers the heartbeats with news.</summary>
    private async Task<ErrorCode> CommitStepAsync(GroupStep step, ClassicStep? classic = null)
    {
        if (classic is null && KindChange.IsOver(Machine.State))
        {
            classic = State.Classic.Begin(KindChange.ToClassic(Machine), Now);
            var given = Machine.GiveUp(Now);
            step = step with { Records = [.. step.Records, .. given.Records], News = [.. step.News, .. given.News] };
        }

        foreach (var failure in step.Failures)
        {
            AssignorFailed(failure.Exception, _groupId, failure.Assignor, failure.Detail);
        }

        var hasEmptied = !HasMembers && step.Records.Any(record => record is GroupRecord.Departed);
        var error = await AppendAsync(step.Records, hasEmptied ? new OffsetsRecord.Emptied(Date) : null, classic?.Records);
        if (error == ErrorCode.None)
        {
            CountMembers();
            if (step.Records.Any(record => record is GroupRecord.Targeted))
            {
                _options.Metrics.Rebalanced();
            }
        }

        foreach (var member in step.News)
        {
            _parked.Wake(member);
        }

        if (classic is not null)
        {
            _classic.Answer(classic, error);
        }

        Arm();
        return error;
    }

    StoredGroup IGroupCore.State => State;

    bool IGroupCore.HasRecords => _journal.HasRecords;

    TimeSpan IGroupCore.Now => Now;

    Task<ErrorCode> IGroupCore.ReadyAsync() => ReadyAsync();

    async Task<ErrorCode> IGroupCore.ConfirmAbsentAsync()
    {
        var error = await NewestAsync();
        DropIfAbsent();
        return error;
    }

    async Task<ErrorCode> IGroupCore.DurableAsync() => await _journal.Durable;

    Task<T> IGroupCore.CreatingAsync<T>(Func<Task<T>> request, Func<ErrorCode, T> refuse) => CreatingAsync(request, refuse);

    Task<(HeartbeatResult? Refusal, int JoinedAt)> IGroupCore.RenewAsync(HeartbeatRequest request) => RenewAsync(request);

    void IGroupCore.Told(GroupMember member)
    {
        Machine.MarkTold(member);
        Arm();
    }

    async Task<ErrorCode> IGroupCore.RemoveAsync(MemberId? member, GroupInstanceId? instance)
    {
        var step = Machine.Leave(member, instance, Now);
        var error = await CommitStepAsync(step);
        return error != ErrorCode.None ? error : step.Error;
    }

    Task<ErrorCode> IGroupCore.WaitForNewsAsync(MemberId member, int joinedAt, CancellationToken cancellation)
    {
        if (Machine.HasNews(member, joinedAt))
        {
            return Task.FromResult(ErrorCode.None);
        }

        var parked = _parked.ParkAsync(member, joinedAt, Now + _options.Members.HeartbeatInterval, cancellation);
        Arm();
        return parked;
    }

    async Task<ErrorCode> IGroupCore.CommitClassicAsync(ClassicStep step)
    {
        var error = await AppendAsync([], step.HasEmptied ? new OffsetsRecord.Emptied(Date) : null, step.Records);
        if (error == ErrorCode.None)
        {
            CountMembers();
            if (step.Records.Any(record => record is ClassicRecord.Begun))
            {
                _options.Metrics.Rebalanced();
            }
        }

        Arm();
        return error;
    }

    private void AskTopics()
    {
        _nextTopics = TimeSpan.MaxValue;
        _turns.Start(async () =>
        {
            await _topics.AskAsync();
            _nextTopics = Now + (_topics.IsComplete ? _options.TopicsInterval : TopicsRetry);
            Arm();
        });
    }

    private async Task UpdateTopicMetadataAsync(TopicMetadataUpdate topics)
    {
        if (_closed == ErrorCode.None)
        {
            await CommitStepAsync(Machine.TopicsAre(topics.Counts, Now));
        }

        if (_closed == ErrorCode.None)
        {
            // Offsets committed since the request may belong to a topic created after the response.
            await RemoveAsync(OffsetsRules.RemoveOutlived(Stored, topics.Ids, topics.AskedAt));
        }
    }
}
