using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>
/// A group whose members assign by themselves (JoinGroup, SyncGroup, Heartbeat, LeaveGroup), as Kafka's broker was seen to answer: decides, applies to its
/// state at once, and returns the records to make durable and the calls to answer after that. A call that must wait is kept by the number that the driver gave
/// it, and is answered by exactly one later step. The driver that cannot make records durable discards the machine, and answers what waits by itself.
/// <code>
///   Empty ──first join──▶ PreparingRebalance ──all have joined, or time is up──▶ CompletingRebalance ──leader's sync──▶ Stable
///     ▲                     │    ▲  ▲                                               │                                     │
///     └──no member is left──┘    │  └─ a join, a leave, a session that ends, or a member that does not sync in time ──────┤
///                                └──────────────────── the same; what waits for the assignment must join again ───────────┘
///
///                 Empty       PreparingRebalance    CompletingRebalance            Stable
///   join, new     initial     waits                 rebalance                      rebalance
///   join, known   25          waits                 same terms: the same answer;   a follower with the same terms: the same answer;
///                                                   otherwise rebalance            otherwise rebalance
///   static back   as new      waits                 rebalance                      takes over at once if the protocol stays the selected one
///   sync          25          27                    waits for the leader's         its assignment
///   heartbeat     25          27                    0                              0
///   commit        25, or 0    0                     27                             0
///                 from outside
/// </code>
/// <para>
/// Durable: each generation with its assignment, the number of each generation that began, and which static members have rejoined under new ids. Not durable: parked calls, deadlines,
/// and ids that were given out but not yet used to join. After a restart the last generation with an assignment continues with fresh sessions. Difference from Kafka: the
/// number of a generation that never got its assignment is not used again, so the leader of a lost generation cannot assign partitions to the members of the next one.
/// </para>
/// </summary>
/// <param name="options">The broker's settings.</param>
public sealed partial class ClassicGroupMachine(MembershipOptions options)
{
    /// <summary>How long a member that does not know its id yet may wait in its first join.</summary>
    public static readonly TimeSpan NewMemberTimeout = TimeSpan.FromMinutes(5);

    private readonly ClassicMembers _members = new();
    private readonly Deadlines _sessions = new();
    private readonly InitialDelay _initialDelay = new(options.InitialRebalanceDelay);
    private readonly HashSet<MemberId> _expected = [];
    private readonly HashSet<MemberId> _owingSync = [];
    private ClassicGeneration? _durable;
    private string? _protocolType;
    private string? _protocol;
    private HashSet<TopicName>? _topics = [];
    private bool _isInitial;
    private TimeSpan? _joinDeadline;
    private TimeSpan? _syncDeadline;
    private TimeSpan _now = TimeSpan.MinValue;

    /// <summary>Whether the group is a classic one.</summary>
    public bool Exists => _durable is not null;

    /// <summary>What a snapshot of the group stores; null if it is no classic one.</summary>
    public ClassicGeneration? Durable => _durable;

    /// <summary>The present generation; 0 before the first.</summary>
    public int Generation { get; private set; }

    /// <summary>The phase; <see cref="GroupPhase.Empty"/> also while members are expected to join with the ids that they were given.</summary>
    public GroupPhase Phase { get; private set; } = GroupPhase.Empty;

    /// <summary>Whether anybody has a place in the group.</summary>
    public bool HasMembers => Phase != GroupPhase.Empty;

    /// <summary>The number of members.</summary>
    public int MembersCount => _members.Count;

    /// <summary>When to call <see cref="Tick"/>; null if nothing is pending. Any call of the machine may change it.</summary>
    public TimeSpan? NextTick => Earlier(_sessions.Earliest, Earlier(_joinDeadline, _syncDeadline));

    /// <summary>Applies a durable record. Call it only before <see cref="Start"/>.</summary>
    public void Replay(ClassicRecord record) => _durable = ClassicGeneration.After(_durable, record);

    /// <summary>Ends the replay: the last generation goes on, and every member has a fresh session.</summary>
    public void Start(TimeSpan now)
    {
        _now = now;
        if (_durable is not { } last)
        {
            return;
        }

        (Generation, _protocolType, _protocol) = (last.Number, last.ProtocolType, last.Protocol);
        foreach (var profile in last.Members)
        {
            Renew(_members.Add(profile));
        }

        if (last.Leader is { } leader)
        {
            _members.LeadBy(leader);
            Phase = GroupPhase.Stable;
            _topics = ClassicTopics.Of(_members, _protocolType, _protocol);
        }
    }

    /// <summary>Handles a JoinGroup.</summary>
    /// <param name="join">The request.</param>
    /// <param name="call">The number of the call.</param>
    /// <param name="newId">Makes the id of a new member unique.</param>
    /// <param name="now">The time.</param>
    public ClassicStep Join(ClassicJoin join, long call, Guid newId, TimeSpan now) => Step(now, step =>
    {
        var memberId = join.MemberId?.Value ?? "";
        var (error, detail) = ClassicChecks.Check(join, options);
        if (error == ErrorCode.None && !Exists && join.MemberId is not null)
        {
            error = ErrorCode.UnknownMemberId;
        }

        if (error != ErrorCode.None)
        {
            step.Answer(call, ClassicJoined.Refused(error, memberId, detail));
        }
        else if (!Accepts(join))
        {
            TurnAway(step, join);
            step.Answer(call, ClassicJoined.Refused(ErrorCode.GroupMaxSizeReached, "", $"The group has no room; it may have {options.MembersMax} members."));
        }
        else if (!Supports(join))
        {
            step.Answer(call, ClassicJoined.Refused(
                ErrorCode.InconsistentGroupProtocol, memberId, $"The group is used for {_protocolType}, and this member has no protocol in common with its members."));
        }
        else if (join.MemberId is { } known)
        {
            JoinKnown(step, known, join, call);
        }
        else
        {
            JoinNew(step, join, call, NewId(join, newId));
        }
    });

    /// <summary>Handles a SyncGroup.</summary>
    /// <param name="sync">The request.</param>
    /// <param name="call">The number of the call.</param>
    /// <param name="now">The time.</param>
    public ClassicStep Sync(ClassicSync sync, long call, TimeSpan now) => Step(now, step =>
    {
        var error = Phase == GroupPhase.Empty ? ErrorCode.UnknownMemberId : CheckMember(sync.Member);
        error = error != ErrorCode.None ? error
            : IsOther(sync.ProtocolType, _protocolType) || IsOther(sync.Protocol, _protocol) ? ErrorCode.InconsistentGroupProtocol
            : Phase == GroupPhase.PreparingRebalance ? ErrorCode.RebalanceInProgress
            : sync.Assignments.IsDefault || !ClassicChecks.AreAssignmentsWithinLimits(sync.Assignments) ? ErrorCode.InvalidRequest
            : ErrorCode.None;
        if (error != ErrorCode.None)
        {
            step.Answer(call, ClassicSynced.Refused(error));
            return;
        }

        var member = Find(sync.Member);
        HasSynced(member.Id);
        if (Phase == GroupPhase.Stable)
        {
            Renew(member);
            step.Answer(call, new ClassicSynced(ErrorCode.None, _protocolType, _protocol, member.Profile.Assignment));
            return;
        }

        EndSync(step, member, ErrorCode.RebalanceInProgress);
        member.SyncCall = call;
        if (member == _members.Leader)
        {
            Assign(step, sync.Assignments);
        }
    });

    /// <summary>Handles a heartbeat: <see cref="ClassicStep.Error"/> says whether the member must join again, or why it is none.</summary>
    public ClassicStep Heartbeat(ClassicMemberKey key, TimeSpan now) => Step(now, step =>
    {
        step.Error = Phase == GroupPhase.Empty ? ErrorCode.UnknownMemberId : CheckMember(key);
        if (step.Error == ErrorCode.None)
        {
            Renew(Find(key));
            step.Error = Phase == GroupPhase.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
        }
    });

    /// <summary>Removes members; <see cref="ClassicStep.Errors"/> has the outcome for each.</summary>
    public ClassicStep Leave(IReadOnlyList<ClassicLeaver> leavers, TimeSpan now) => Step(now, step =>
    {
        var before = _members.Count;
        step.Errors = [.. leavers.Select(leaver => Leave(step, leaver))];
        RebalanceWithout(step, _members.Count < before);
    });

    /// <summary>
    /// Whether offsets may be committed. A member's commit renews its session. With a transaction, the present generation also counts before its assignment, and
    /// nothing is checked without a member.
    /// </summary>
    /// <param name="key">The member; without ids and with a negative generation, a commit from outside.</param>
    /// <param name="isTransactional">Whether the offsets belong to a transaction.</param>
    /// <param name="now">The time.</param>
    public ErrorCode CheckCommit(ClassicMemberKey key, bool isTransactional, TimeSpan now)
    {
        _now = now > _now ? now : _now;
        var isFromOutside = key is { Generation: < 0, MemberId: null, InstanceId: null };
        if (isFromOutside || (key.Generation < 0 && Phase == GroupPhase.Empty))
        {
            return isTransactional || Phase == GroupPhase.Empty ? ErrorCode.None : ErrorCode.UnknownMemberId;
        }

        var error = CheckMember(key);
        if (error == ErrorCode.None && Phase == GroupPhase.CompletingRebalance && !isTransactional)
        {
            error = ErrorCode.RebalanceInProgress;
        }

        if (error == ErrorCode.None)
        {
            Renew(Find(key));
        }

        return error;
    }

    /// <summary>
    /// Handles what is due. A call that is late by more than a heartbeat interval means that the driver was stalled and could not receive heartbeats either, so
    /// every member gets another interval.
    /// </summary>
    public ClassicStep Tick(TimeSpan now) => Step(now, step =>
    {
        if (_now - _sessions.Earliest > options.HeartbeatInterval)
        {
            _sessions.Postpone(_now + options.HeartbeatInterval);
        }

        foreach (var id in _sessions.Earliest <= _now ? _sessions.TakeExpired(_now) : [])
        {
            Expire(step, id);
        }

        if (_syncDeadline <= _now)
        {
            foreach (var id in _owingSync.Order().ToArray())
            {
                Remove(step, id);
            }

            Prepare(step);
        }
    });

    /// <summary>Ends the classic group: from now on it assigns itself. What waits must join again, in that group.</summary>
    public ClassicStep End(TimeSpan now) => Step(now, step =>
    {
        foreach (var member in _members.All.ToArray())
        {
            EndJoin(step, member, ErrorCode.RebalanceInProgress, member.Id.Value);
            EndSync(step, member, ErrorCode.RebalanceInProgress);
            _members.Remove(member);
        }

        (Phase, Generation, _protocolType, _protocol, _topics) = (GroupPhase.Empty, 0, null, null, []);
        (_joinDeadline, _syncDeadline, _isInitial) = (null, null, false);
        _owingSync.Clear();
        _expected.Clear();
        _sessions.Clear();
        if (Exists)
        {
            Record(step, new ClassicRecord.Ended());
        }
    });

    /// <summary>
    /// Whether a member subscribes to a topic: as far as the subscriptions of the present generation can be read; to every one, if one of them cannot.
    /// </summary>
    public bool IsInteresting(TopicName topic) => HasMembers && _topics?.Contains(topic) != false;

    /// <summary>Whether it is known what members subscribe to: they are consumers, and their generation has its assignment.</summary>
    public bool KnowsTopics => Phase == GroupPhase.Stable && IsOfConsumers && _topics is not null;

    /// <summary>Whether the group is used by consumers.</summary>
    public bool IsOfConsumers => _protocolType == GroupDescription.ConsumerProtocolType;

    /// <summary>The description that clients see.</summary>
    public GroupDescription Describe(GroupId groupId) => new(
        groupId, Phase, Generation, Phase == GroupPhase.Stable ? _protocol! : "",
        [.. _members.All.Select(member => ClassicTopics.Describe(member, _protocolType, Phase == GroupPhase.Stable ? _protocol : null, Generation))],
        GroupKind.Classic, _protocolType ?? "");

    /// <summary>Begins with the members of a group that has assigned itself: they keep what they have, and are to join again.</summary>
    public ClassicStep Begin(ClassicGeneration generation, TimeSpan now) => Step(now, step =>
    {
        Invariant.Check(!Exists && generation.Members.Length > 0, "the group was of another kind");
        Record(step, new ClassicRecord.Formed(generation));
        Start(_now);
        Prepare(step);
    });

    /// <summary>The members, in the order in which they joined.</summary>
    public IEnumerable<ClassicProfile> Profiles => _members.All.Select(member => member.Profile);

    private ClassicStep Step(TimeSpan now, Action<ClassicStep> act)
    {
        _now = now > _now ? now : _now;
        var step = new ClassicStep();
        act(step);
        while (Phase == GroupPhase.PreparingRebalance && _joinDeadline <= _now)
        {
            EndOfJoins(step);
        }

        AssertInvariants();
        return step;
    }

    private void AssertInvariants()
    {
        Invariant.Check((_members.Count == 0) == (_members.Leader is null), "a group with members has a leader");
        Invariant.Check(Phase != GroupPhase.Empty || _members.Count == 0, "an empty group has no members");
        Invariant.Check(Phase == GroupPhase.PreparingRebalance || Phase == GroupPhase.Empty == _protocol is null, "a generation has a protocol");
        Invariant.Check(Phase == GroupPhase.PreparingRebalance || _members.JoiningCount == 0, "a join waits only for a rebalance");
        Invariant.Check(Phase == GroupPhase.PreparingRebalance == _joinDeadline is not null, "a rebalance ends");
        Invariant.Check(Phase is GroupPhase.Stable or GroupPhase.CompletingRebalance || _owingSync.Count == 0, "only members of a generation owe a sync");
        Invariant.Check(Generation <= (_durable?.Used ?? 0), "the number of a generation is durable before it is told");
    }

    private void Record(ClassicStep step, ClassicRecord record)
    {
        _durable = ClassicGeneration.After(_durable, record);
        step.Add(record);
    }

    private void Renew(ClassicMember member) => _sessions.Set(member.Id, _now + member.Profile.SessionTimeout);

    private ClassicMember Find(ClassicMemberKey key) =>
        _members.TryGet(key.MemberId, out var member) ? member : throw new InvariantException("the member has been checked");

    private ErrorCode CheckMember(ClassicMemberKey key) =>
        CheckMember(key.MemberId, key.InstanceId) is not ErrorCode.None and var error ? error
        : key.Generation != Generation ? ErrorCode.IllegalGeneration
        : ErrorCode.None;

    private ErrorCode CheckMember(MemberId? memberId, GroupInstanceId? instanceId) =>
        instanceId is null ? Known(memberId)
        : _members.FindInstance(instanceId) is not { } holder ? ErrorCode.UnknownMemberId
        : holder.Id != memberId ? ErrorCode.FencedInstanceId
        : ErrorCode.None;

    private ErrorCode Known(MemberId? memberId) => _members.TryGet(memberId, out _) ? ErrorCode.None : ErrorCode.UnknownMemberId;

    private static bool IsOther(string? said, string? agreed) => said is not null && agreed is not null && said != agreed;

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) => one < other || other is null ? one : other;
}
