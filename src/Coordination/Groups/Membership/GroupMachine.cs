using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The members of one group: decides, changes the state at once, keeps the deadlines, and says what is to be made durable. Nobody may be
/// told of a change before its records are durable; a machine whose records could not be is thrown away, and a new one replays what is.
/// <para>
/// Every <c>now</c> is the time since some fixed moment on a clock that does not fall. A heartbeat that is not refused is answered with
/// <see cref="Answer"/>: at once if the member <see cref="HasNews"/>, otherwise when some later step names it in
/// <see cref="GroupStep.News"/>, or when the wait is over. A member has one heartbeat under way: one that a newer of the same life has
/// overtaken is ended without asking for an answer, which is for the newer; one of an earlier life is answered, and learns that it is over.
/// </para>
/// </summary>
/// <param name="assignors">Those of the broker.</param>
/// <param name="options">The broker's settings.</param>
public sealed class GroupMachine(AssignorRegistry assignors, MembershipOptions options)
{
    private readonly MemberLiveness _liveness = new();
    private readonly AssignmentTurns _turns = new(assignors, options);
    private TimeSpan _now = TimeSpan.MinValue;

    /// <summary>The group as its records have made it.</summary>
    public GroupState State { get; } = new();

    /// <summary>When to call <see cref="Tick"/>; null if nothing is to be expected. Each call of the machine may change it.</summary>
    public TimeSpan? NextTick => _turns.Due(State) is { } due && !(_liveness.Earliest < due) ? due : _liveness.Earliest;

    /// <summary>Changes the state by a record that is durable already; before everything else.</summary>
    public void Replay(GroupRecord record) => State.Apply(record);

    /// <summary>After the replay: every member gets a fresh session, and is told anew where it stands.</summary>
    public void Start(TimeSpan now)
    {
        _now = now;
        State.TakeChanged();
        foreach (var member in State.Members.Values)
        {
            _liveness.Heard(member, now);
            _liveness.Changed(member, now);
        }
    }

    /// <summary>
    /// The topics that exist with the numbers of their partitions; at least those that <see cref="GroupState.IsInteresting"/> names. Until
    /// the first such call nothing is assigned. The machine keeps the dictionary, which must not change any more.
    /// </summary>
    public GroupStep TopicsAre(IReadOnlyDictionary<TopicName, int> topics, TimeSpan now) =>
        Step(now, _ => _turns.TopicsAre(State, topics));

    /// <summary>A member's heartbeat: joins, stays, changes the subscription, confirms.</summary>
    public GroupStep Heartbeat(HeartbeatRequest request, TimeSpan now)
    {
        var isJoining = request.MemberEpoch == 0;
        var decision = isJoining
            ? GroupRules.Join(State, request, options, assignors)
            : GroupRules.Heartbeat(State, request, options, assignors);
        return decision.Error != ErrorCode.None ? Refused(decision) : Step(now, work =>
        {
            if (isJoining)
            {
                _turns.Joins(State, request, _now);
            }

            work.Do(decision.Records);
            var member = State.Members[request.MemberId];
            _liveness.Heard(member, _now);
            if (isJoining)
            {
                work.Concerns(member);
            }
            else
            {
                _liveness.CameWith(request.MemberId, request.MemberEpoch);
            }

            work.JoinedAt = member.JoinedAt;
        });
    }

    /// <summary>A member leaves. One that is not known has left already, which is no error.</summary>
    /// <param name="memberId">The member; null to name it by its instance id.</param>
    /// <param name="instanceId">Its instance id, if it has one.</param>
    /// <param name="now">The time.</param>
    public GroupStep Leave(MemberId? memberId, GroupInstanceId? instanceId, TimeSpan now)
    {
        var decision = GroupRules.Leave(State, memberId, instanceId);
        return decision.Error != ErrorCode.None ? Refused(decision) : Step(now, work => work.Do(decision.Records));
    }

    /// <summary>
    /// Does what is due: removes the members whose time is over, makes the assignment that waited. If the call comes later than asked by
    /// more than a heartbeat interval, whoever makes it was held up and could not hear the members either: they get another interval.
    /// </summary>
    public GroupStep Tick(TimeSpan now) => Step(now, work =>
    {
        if (_now - _liveness.Earliest > options.HeartbeatInterval)
        {
            _liveness.Postpone(_now + options.HeartbeatInterval);
        }

        if (_liveness.Earliest <= _now)
        {
            work.Do([.. _liveness.Expired(_now).Select(expired => new GroupRecord.Departed(expired.MemberId, expired.Cause))]);
        }
    });

    /// <summary>Whether the caller has something to learn at once.</summary>
    /// <param name="memberId">The member.</param>
    /// <param name="joinedAt">Its life: <see cref="GroupStep.JoinedAt"/> of its heartbeat.</param>
    public bool HasNews(MemberId memberId, int joinedAt) =>
        !State.Members.TryGetValue(memberId, out var member) || member.JoinedAt != joinedAt || _liveness.HasNews(memberId);

    /// <summary>What the caller is to be told now; the member has no news then.</summary>
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
        _liveness.Told(memberId, State.Epoch);
        var interval = third < options.HeartbeatInterval ? third : options.HeartbeatInterval;
        return new HeartbeatResult(error, State.Epoch, member.Assignment, interval);
    }

    /// <summary>Whether a member may commit an offset of a partition; as <see cref="GroupRules.CheckCommit"/> says.</summary>
    public ErrorCode CheckCommit(MemberId memberId, int memberEpoch, TopicPartition partition) =>
        GroupRules.CheckCommit(State, memberId, memberEpoch, partition);

    private static GroupStep Refused(Decision<GroupRecord> decision) => new(decision.Error, decision.Detail, [], [], 0);

    private GroupStep Step(TimeSpan now, Action<Work> act)
    {
        _now = now > _now ? now : _now;
        var work = new Work(this);
        act(work);
        if (_turns.Make(State, _now) is var (target, failures))
        {
            work.Failures = failures;
            work.Do(target is null ? [] : [target]);
        }

        return work.Finish();
    }

    /// <summary>One step while it is made.</summary>
    private sealed class Work(GroupMachine machine)
    {
        private readonly List<GroupRecord> _records = [];
        private readonly HashSet<MemberId> _news = [];

        public int JoinedAt { get; set; }

        public IReadOnlyList<AssignorFailure> Failures { get; set; } = [];

        public void Do(IReadOnlyList<GroupRecord> records)
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
                    machine._liveness.Forget(former);
                    _news.Add(former);
                }

                if (joined is { } newcomer)
                {
                    machine._liveness.Heard(machine.State.Members[newcomer], machine._now);
                }
            }
        }

        public void Concerns(GroupMember member)
        {
            machine._liveness.Changed(member, machine._now);
            _news.Add(member.Profile.MemberId);
        }

        public GroupStep Finish()
        {
            foreach (var member in machine.State.TakeChanged())
            {
                if (machine.State.Members.GetValueOrDefault(member.Profile.MemberId) == member)
                {
                    Concerns(member);
                }
            }

            return new GroupStep(ErrorCode.None, null, _records, _news, JoinedAt) { Failures = Failures };
        }
    }
}
