using Loire.Coordination.Groups.Assignors;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The membership of one group: makes decisions, applies them to the state immediately, tracks deadlines, and returns the records to make
/// durable. The driver must not reveal a change before its records are durable. If they cannot be made durable, the driver discards the
/// machine and replays the durable records into a new one.
/// <para>
/// Every <c>now</c> is the time since a fixed moment on a monotonic clock. The driver answers an accepted heartbeat with
/// <see cref="Answer"/>: immediately if the member <see cref="HasNews"/>, otherwise when a later step names the member in
/// <see cref="GroupStep.News"/> or when the wait times out. A member has one outstanding heartbeat. When a newer heartbeat of the same life
/// supersedes it, the driver ends the older one without calling <see cref="Answer"/>, because that answer belongs to the newer one; a
/// heartbeat of an earlier life is answered, so that it learns that it is fenced.
/// </para>
/// </summary>
/// <param name="assignors">The broker's assignors.</param>
/// <param name="options">The broker's settings.</param>
public sealed class GroupMachine(AssignorRegistry assignors, MembershipOptions options)
{
    private readonly MemberLiveness _liveness = new();
    private readonly AssignmentTurns _turns = new(assignors, options);
    private TimeSpan _now = TimeSpan.MinValue;

    /// <summary>The broker's settings.</summary>
    public MembershipOptions Options => options;

    /// <summary>The state that results from the group's records.</summary>
    public GroupState State { get; } = new();

    /// <summary>When to call <see cref="Tick"/>; null if nothing is pending. Any call of the machine may change it.</summary>
    public TimeSpan? NextTick => _turns.Due(State) is { } due && !(_liveness.Earliest < due) ? due : _liveness.Earliest;

    /// <summary>Applies a durable record. Call it only before <see cref="Start"/>.</summary>
    public void Replay(GroupRecord record) => State.Apply(record);

    /// <summary>Ends the replay: every member gets a fresh session and will receive its current assignment.</summary>
    public void Start(TimeSpan now)
    {
        _now = now;
        State.TakeChanged();
        foreach (var member in State.Members.Values)
        {
            _liveness.RenewSession(member, now);
            _liveness.MarkChanged(member);
        }
    }

    /// <summary>
    /// Sets the existing topics and their partition counts; at least those for which <see cref="GroupState.IsInteresting"/> is true.
    /// Nothing is assigned before the first call. The machine keeps the dictionary; the caller must not modify it afterwards.
    /// </summary>
    public GroupStep TopicsAre(IReadOnlyDictionary<TopicName, int> topics, TimeSpan now) =>
        Step(now, _ => _turns.TopicsAre(State, topics));

    /// <summary>Handles a member's heartbeat, which may join, change the subscription or confirm revocations.</summary>
    public GroupStep Heartbeat(HeartbeatRequest request, TimeSpan now)
    {
        var isJoining = request.MemberEpoch == 0;
        if (!isJoining && _liveness.IsAnother(request.MemberId, request.Incarnation))
        {
            return Refused(Decision<GroupRecord>.Refuse(
                ErrorCode.FencedMemberEpoch, "Another consumer has joined under this member id and is the member now."));
        }

        if (!isJoining && _liveness.IsAway(request.MemberId))
        {
            return Refused(Decision<GroupRecord>.Refuse(ErrorCode.FencedMemberEpoch, "The member has gone for a while, and must join again."));
        }

        if (isJoining && request.AwaitsRelease && State.FindInstance(request.InstanceId)?.Profile.MemberId is { } holder && holder != request.MemberId
            && _liveness.IsPresent(holder))
        {
            return Refused(Decision<GroupRecord>.Refuse(
                ErrorCode.UnreleasedInstanceId, "Another member has this instance id, and has neither gone nor been lost yet."));
        }

        var decision = isJoining
            ? GroupRules.Join(State, request, options, assignors)
            : GroupRules.Heartbeat(State, request, options, assignors);
        return decision.Error != ErrorCode.None ? Refused(decision) : Step(now, work =>
        {
            if (isJoining)
            {
                _turns.OnJoining(State, request, _now);
            }

            work.Apply(decision.Records);
            var member = State.Members[request.MemberId];
            _liveness.RenewSession(member, _now);
            _liveness.SetIncarnation(request.MemberId, request.Incarnation);
            _liveness.MarkPresent(request.MemberId);
            if (isJoining)
            {
                work.AddNews(member);
            }
            else
            {
                _liveness.CheckEpoch(request.MemberId, request.MemberEpoch);
            }

            work.JoinedAt = member.JoinedAt;
        });
    }

    /// <summary>
    /// Handles the join that turns a classic group into one that assigns itself: takes over its members, unless the join is refused.
    /// </summary>
    /// <param name="members">The members of the classic group, with what they have; this group has none.</param>
    /// <param name="request">The join.</param>
    /// <param name="now">The time.</param>
    public GroupStep TakeOver(GroupRecord.Snapshot members, HeartbeatRequest request, TimeSpan now)
    {
        // Against the members that will be there: they may leave no room, or have the ids of the new one.
        var with = new GroupState();
        with.Apply(members);
        var decision = GroupRules.Join(with, request, options, assignors);
        if (decision.Error != ErrorCode.None)
        {
            return Refused(decision);
        }

        var taken = Step(now, work =>
        {
            work.Apply([members]);
            foreach (var member in State.Members.Values)
            {
                _liveness.RenewSession(member, _now);
                work.AddNews(member);
            }
        });
        var joined = Heartbeat(request, now);
        Invariant.Check(joined.Error == ErrorCode.None, "the join was accepted beside the others");
        return joined with { Records = [.. taken.Records, .. joined.Records], News = [.. taken.News, .. joined.News] };
    }

    /// <summary>Gives up all members: the group is a classic one from now on.</summary>
    public GroupStep GiveUp(TimeSpan now) => Step(now, work => work.Apply(
        [.. State.Members.Keys.Order().ToArray().Select(member => new GroupRecord.Departed(member, DepartureCause.Left))]));

    /// <summary>The epoch that a member was told last, as far as this machine knows; 0 if it does not.</summary>
    public int ToldEpoch(MemberId memberId) => _liveness.SentEpoch(memberId);

    /// <summary>Removes a member. An unknown member has already left, which is no error.</summary>
    /// <param name="memberId">The member; null to identify it by its instance id.</param>
    /// <param name="instanceId">Its instance id, if it has one.</param>
    /// <param name="now">The time.</param>
    /// <param name="incarnation">The consumer that leaves, if others may have joined under the same member id: if another one is the member now,
    /// that one stays.</param>
    public GroupStep Leave(MemberId? memberId, GroupInstanceId? instanceId, TimeSpan now, string? incarnation = null)
    {
        if (memberId is { } left && _liveness.IsAnother(left, incarnation))
        {
            return Step(now, static _ => { });
        }

        var decision = GroupRules.Leave(State, memberId, instanceId);
        return decision.Error != ErrorCode.None ? Refused(decision) : Step(now, work => work.Apply(decision.Records));
    }

    /// <summary>
    /// A static member leaves temporarily (KIP-848): it keeps its partitions until its session expires, unless another member joins with its instance id and
    /// takes them over. This is not durable: after a restart the member counts as not heard from yet, and its instance id may be taken over as well.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnknownMemberId"/>, or <see cref="ErrorCode.FencedInstanceId"/> if another member has the instance id.
    /// </returns>
    public ErrorCode GoForAWhile(MemberId memberId, GroupInstanceId instanceId)
    {
        var holder = State.FindInstance(instanceId);
        if (holder is null || holder.Profile.MemberId != memberId)
        {
            return holder is null ? ErrorCode.UnknownMemberId : ErrorCode.FencedInstanceId;
        }

        _liveness.MarkAway(memberId);
        return ErrorCode.None;
    }

    /// <summary>Describes the group and its members; one that has gone for a while has the epoch <see cref="MemberDescription.AwayEpoch"/>.</summary>
    public GroupDescription Describe(GroupId groupId)
    {
        var group = State.Describe(groupId);
        var members = Array.ConvertAll(
            group.Members, member => _liveness.IsAway(member.MemberId) ? member with { MemberEpoch = MemberDescription.AwayEpoch } : member);
        var isOneAway = members.Any(member => member.MemberEpoch == MemberDescription.AwayEpoch);
        return group with { Members = members, Phase = isOneAway && group.Phase == GroupPhase.Stable ? GroupPhase.Reconciling : group.Phase };
    }

    /// <summary>
    /// Removes expired members and makes the assignment if it is due. A call that is late by more than a heartbeat interval means that the
    /// driver was stalled and could not receive heartbeats either, so every member gets another interval.
    /// </summary>
    public GroupStep Tick(TimeSpan now) => Step(now, work =>
    {
        if (_now - _liveness.Earliest > options.HeartbeatInterval)
        {
            _liveness.Postpone(_now + options.HeartbeatInterval);
        }

        if (_liveness.Earliest <= _now)
        {
            work.Apply([.. _liveness.Expired(_now).Select(expired => new GroupRecord.Departed(expired.MemberId, expired.Cause))]);
        }
    });

    /// <summary>Whether a heartbeat should be answered immediately.</summary>
    /// <param name="memberId">The member.</param>
    /// <param name="joinedAt">Its life: <see cref="GroupStep.JoinedAt"/> of its heartbeat.</param>
    public bool HasNews(MemberId memberId, int joinedAt) =>
        !State.Members.TryGetValue(memberId, out var member) || member.JoinedAt != joinedAt || _liveness.HasNews(memberId);

    /// <summary>The answer to a heartbeat; afterwards the member has no news.</summary>
    /// <param name="memberId">The member.</param>
    /// <param name="instanceId">Its instance id, if it has one.</param>
    /// <param name="joinedAt">Its life: <see cref="GroupStep.JoinedAt"/> of its heartbeat.</param>
    public HeartbeatResult Answer(MemberId memberId, GroupInstanceId? instanceId, int joinedAt)
    {
        var error = GroupRules.CheckMember(State, memberId, instanceId);
        if (error == ErrorCode.None && State.Members[memberId].JoinedAt != joinedAt)
        {
            error = ErrorCode.FencedMemberEpoch;
        }

        if (error != ErrorCode.None)
        {
            return new HeartbeatResult(error, 0, [], options.HeartbeatInterval);
        }

        var member = State.Members[memberId];
        if (_turns.Problem is { } problem && member.Target.Count == 0 && !_liveness.HasNews(memberId))
        {
            return new HeartbeatResult(ErrorCode.UnknownServerError, 0, [], options.HeartbeatInterval, problem);
        }

        var third = member.Profile.Subscription.SessionTimeout / 3;
        _liveness.MarkAnswered(memberId, State.Epoch);
        _liveness.MarkTold(member, _now);
        var interval = third < options.HeartbeatInterval ? third : options.HeartbeatInterval;
        return new HeartbeatResult(error, State.Epoch, member.Assignment, interval);
    }

    /// <summary>A member that came by JoinGroup has been told to join again, by which it gives up what it must.</summary>
    /// <param name="member">The member.</param>
    public void MarkTold(GroupMember member) => _liveness.MarkTold(member, _now);

    /// <summary>Whether a member may commit an offset of a partition; see <see cref="GroupRules.CheckCommit"/>.</summary>
    public ErrorCode CheckCommit(MemberId memberId, int memberEpoch, TopicPartition partition) =>
        _liveness.IsAway(memberId) ? ErrorCode.StaleMemberEpoch : GroupRules.CheckCommit(State, memberId, memberEpoch, partition);

    /// <summary>Whether an offset of a partition may be committed with a transaction; see <see cref="GroupRules.CheckTransactionalCommit"/>.</summary>
    public ErrorCode CheckTransactionalCommit(MemberId? memberId, int memberEpoch, TopicPartition partition) =>
        memberId is { } member && _liveness.IsAway(member) ? ErrorCode.IllegalGeneration
            : GroupRules.CheckTransactionalCommit(State, memberId, memberEpoch, partition);

    private static GroupStep Refused(Decision<GroupRecord> decision) => new(decision.Error, decision.Detail, [], [], 0);

    private GroupStep Step(TimeSpan now, Action<Work> act)
    {
        _now = now > _now ? now : _now;
        var work = new Work(this);
        act(work);
        if (_turns.Make(State, _now) is var (target, failures))
        {
            work.Failures = failures;
            work.Apply(target is null ? [] : [target]);
        }

        return work.Finish();
    }

    /// <summary>Collects the effects of one step.</summary>
    private sealed class Work(GroupMachine machine)
    {
        private readonly List<GroupRecord> _records = [];
        private readonly HashSet<MemberId> _news = [];

        public int JoinedAt { get; set; }

        public IReadOnlyList<AssignorFailure> Failures { get; set; } = [];

        public void Apply(IReadOnlyList<GroupRecord> records)
        {
            foreach (var record in records)
            {
                machine.State.Apply(record);
                _records.Add(record);
                MemberId? departed = record switch
                {
                    GroupRecord.Departed { MemberId: var member } => member,
                    GroupRecord.Replaced { MemberId: var member } => member,
                    _ => default(MemberId?),
                };
                MemberId? joined = record switch
                {
                    GroupRecord.Joined { Member.MemberId: var member } => member,
                    GroupRecord.Replaced { Successor.MemberId: var member } => member,
                    _ => default(MemberId?),
                };
                if (departed is { } former)
                {
                    machine._liveness.Remove(former);
                    _news.Add(former);
                }

                if (joined is { } newcomer)
                {
                    machine._liveness.RenewSession(machine.State.Members[newcomer], machine._now);
                }
            }
        }

        public void AddNews(GroupMember member)
        {
            machine._liveness.MarkChanged(member);
            _news.Add(member.Profile.MemberId);
        }

        public GroupStep Finish()
        {
            foreach (var member in machine.State.TakeChanged())
            {
                if (machine.State.Members.GetValueOrDefault(member.Profile.MemberId) == member)
                {
                    AddNews(member);
                }
            }

            return new GroupStep(ErrorCode.None, null, _records, _news, JoinedAt) { Failures = Failures };
        }
    }
}
