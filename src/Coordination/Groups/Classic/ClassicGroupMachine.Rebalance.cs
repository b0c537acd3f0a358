using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <content>How generations follow each other: who joins, who leaves, and what they are answered.</content>
public sealed partial class ClassicGroupMachine
{
    private bool Accepts(ClassicJoin join) => Phase switch
    {
        GroupPhase.Empty => true,
        GroupPhase.PreparingRebalance =>
            (_members.TryGet(join.MemberId, out var waiting) && waiting.JoinCall is not null) || _members.JoiningCount < options.MembersMax,
        _ => _members.TryGet(join.MemberId, out _) || _members.Count < options.MembersMax
            || (join.MemberId is null && _members.FindInstance(join.InstanceId) is not null),
    }
        && _members.MetadataBytesWith(join) <= Limits.ClassicBytesPerGroup;

    private void TurnAway(ClassicStep step, ClassicJoin join)
    {
        if (join.MemberId is { } id)
        {
            if (_expected.Remove(id))
            {
                _sessions.Remove(id);
            }

            RebalanceWithout(step, Remove(step, id));
        }
    }

    private bool Supports(ClassicJoin join) =>
        Phase == GroupPhase.Empty || _members.Count == 0 || (join.ProtocolType == _protocolType && _members.SupportsAny(join.Protocols));

    private void JoinNew(ClassicStep step, ClassicJoin join, long call, MemberId id)
    {
        if (!Exists)
        {
            Record(step, new ClassicRecord.Formed(ClassicGeneration.None));
        }

        if (_members.FindInstance(join.InstanceId) is { } old)
        {
            TakeOver(step, old, id, join, call);
        }
        else if (join is { NeedsKnownId: true, InstanceId: null })
        {
            Invariant.Check(_expected.Add(id), "a new id is new");
            _sessions.Set(id, _now + join.SessionTimeout);
            step.Answer(call, ClassicJoined.Refused(ErrorCode.MemberIdRequired, id.Value));
        }
        else
        {
            Add(step, id, join, call);
        }
    }

    private void JoinKnown(ClassicStep step, MemberId id, ClassicJoin join, long call)
    {
        if (_expected.Contains(id))
        {
            if (join.InstanceId is null)
            {
                Add(step, id, join, call);
            }
            else
            {
                step.Answer(call, ClassicJoined.Refused(ErrorCode.InvalidRequest, id.Value, "A member that was given its id is not a static one."));
            }

            return;
        }

        var error = CheckMember(id, join.InstanceId);
        if (error != ErrorCode.None || !_members.TryGet(id, out var member))
        {
            step.Answer(call, ClassicJoined.Refused(error, id.Value));
            return;
        }

        var isSame = ClassicProtocol.AreSame(member.Profile.Protocols, join.Protocols);
        if ((Phase == GroupPhase.CompletingRebalance && isSame) || (Phase == GroupPhase.Stable && isSame && member != _members.Leader))
        {
            Renew(member);
            step.Answer(call, Joined(member));
            return;
        }

        _members.Update(member, Profile(id, join, member.Profile.Assignment) with { InstanceId = member.Profile.InstanceId });
        Await(step, member, call);
        Rebalance(step);
    }

    private void Add(ClassicStep step, MemberId id, ClassicJoin join, long call)
    {
        if (Phase == GroupPhase.PreparingRebalance && _isInitial)
        {
            _initialDelay.OnMemberJoined();
        }

        _protocolType = _members.Count == 0 ? join.ProtocolType : _protocolType;
        _expected.Remove(id);
        var member = _members.Add(Profile(id, join, default));
        member.IsNew = true;
        Await(step, member, call);
        _sessions.Set(id, _now + NewMemberTimeout);
        Rebalance(step);
    }

    /// <summary>A static member comes back with a new id, which fences the old one.</summary>
    private void TakeOver(ClassicStep step, ClassicMember old, MemberId id, ClassicJoin join, long call)
    {
        EndJoin(step, old, ErrorCode.FencedInstanceId, old.Id.Value);
        EndSync(step, old, ErrorCode.FencedInstanceId);
        var leaderBefore = _members.Leader!.Id;
        var member = _members.Replace(old, Profile(id, join, old.Profile.Assignment));
        _sessions.Remove(old.Id);
        Renew(member);
        if (_owingSync.Remove(old.Id))
        {
            _owingSync.Add(id);
        }

        if (Phase == GroupPhase.Stable && _members.Select() == _protocol)
        {
            _topics = ClassicTopics.Of(_members, _protocolType, _protocol);
            Record(step, new ClassicRecord.Replaced(old.Id, member.Profile));
            var isLeader = join.CanSkipAssignment && member == _members.Leader;
            step.Answer(call, Joined(member) with
            {
                Leader = join.CanSkipAssignment ? _members.Leader.Id.Value : leaderBefore.Value,
                SkipsAssignment = isLeader,
                Members = isLeader ? Everyone() : [],
            });
            return;
        }

        // Otherwise a crash before the next assignment would bring back the id that is gone, and fence the one that lives.
        if (_durable?.Members.FirstOrDefault(one => one.MemberId == old.Id) is { } lasting)
        {
            Record(step, new ClassicRecord.Replaced(old.Id, member.Profile with { Assignment = lasting.Assignment }));
        }

        Await(step, member, call);
        Rebalance(step);
    }

    private ErrorCode Leave(ClassicStep step, ClassicLeaver leaver)
    {
        if (leaver.MemberId is { } expected && _expected.Remove(expected))
        {
            _sessions.Remove(expected);
            return ErrorCode.None;
        }

        var member = leaver.MemberId is null ? _members.FindInstance(leaver.InstanceId) : null;
        var error = member is not null ? ErrorCode.None
            : leaver.MemberId is null ? ErrorCode.UnknownMemberId
            : CheckMember(leaver.MemberId, leaver.InstanceId);
        if (error == ErrorCode.None)
        {
            Remove(step, member?.Id ?? leaver.MemberId!.Value);
        }

        return error;
    }

    private void Expire(ClassicStep step, MemberId id)
    {
        // A member that waits in a join or a sync cannot send heartbeats; a new one, which does not know its id, is given up after its own time.
        if (_members.TryGet(id, out var member) && !member.IsNew && (member.JoinCall is not null || member.SyncCall is not null))
        {
            return;
        }

        _expected.Remove(id);
        RebalanceWithout(step, Remove(step, id));
    }

    private bool Remove(ClassicStep step, MemberId id)
    {
        if (!_members.TryGet(id, out var member))
        {
            return false;
        }

        EndJoin(step, member, ErrorCode.UnknownMemberId, "");
        EndSync(step, member, ErrorCode.UnknownMemberId);
        _sessions.Remove(id);
        HasSynced(id);
        _members.Remove(member);
        return true;
    }

    /// <summary>Starts or completes a rebalance after members were removed, or after members that were not in the generation are no longer expected.</summary>
    private void RebalanceWithout(ClassicStep step, bool isMemberLost)
    {
        if (Phase == GroupPhase.PreparingRebalance)
        {
            CompleteIfAllJoined(step);
        }
        else if (isMemberLost)
        {
            Prepare(step);
        }
    }

    private void Rebalance(ClassicStep step)
    {
        if (Phase == GroupPhase.PreparingRebalance)
        {
            CompleteIfAllJoined(step);
        }
        else
        {
            Prepare(step);
        }
    }

    private void Prepare(ClassicStep step)
    {
        foreach (var member in Phase == GroupPhase.CompletingRebalance ? _members.All : [])
        {
            member.Profile = member.Profile with { Assignment = default };
            EndSync(step, member, ErrorCode.RebalanceInProgress);
        }

        (_isInitial, _syncDeadline) = (Phase == GroupPhase.Empty, null);
        _owingSync.Clear();
        Phase = GroupPhase.PreparingRebalance;
        _joinDeadline = _isInitial ? _initialDelay.Begin(_now, _members.RebalanceTimeout) : _now + _members.RebalanceTimeout;
        CompleteIfAllJoined(step);
    }

    private void CompleteIfAllJoined(ClassicStep step)
    {
        if (!_isInitial && _members.JoiningCount == _members.Count && _expected.Count == 0)
        {
            Complete(step);
        }
    }

    private void EndOfJoins(ClassicStep step)
    {
        if (_isInitial && _initialDelay.Prolong(_now) is { } later)
        {
            _joinDeadline = later;
        }
        else
        {
            Complete(step);
        }
    }

    /// <summary>
    /// Begins a generation with the members that have joined and the static members that have not. If none has joined, the machine waits until the sessions end.
    /// </summary>
    private void Complete(ClassicStep step)
    {
        foreach (var absent in _members.All.Where(member => member is { JoinCall: null, Profile.InstanceId: null }).ToArray())
        {
            Remove(step, absent.Id);
        }

        if (_members.Count > 0 && !_members.ElectJoined())
        {
            _joinDeadline = _now + Max(_members.RebalanceTimeout, TimeSpan.FromMilliseconds(1));
            return;
        }

        (_joinDeadline, _isInitial) = (null, false);
        Generation = _durable!.Used + 1;
        if (_members.Count == 0)
        {
            (Phase, _protocol, _topics, step.HasEmptied) = (GroupPhase.Empty, null, [], true);
            Record(step, new ClassicRecord.Formed(new ClassicGeneration(Generation, Generation, _protocolType, null, null, [])));
            return;
        }

        (Phase, _protocol) = (GroupPhase.CompletingRebalance, _members.Select());
        _topics = ClassicTopics.Of(_members, _protocolType, _protocol);
        Record(step, new ClassicRecord.Begun(Generation));
        _syncDeadline = _now + _members.RebalanceTimeout;
        foreach (var member in _members.All.ToArray())
        {
            if (_members.SetJoinCall(member, null) is { } call)
            {
                step.Answer(call, Joined(member));
            }

            member.IsNew = false;
            _owingSync.Add(member.Id);
            Renew(member);
        }
    }

    private void Assign(ClassicStep step, ImmutableArray<ClassicAssignment> assignments)
    {
        var given = assignments.GroupBy(one => one.MemberId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Last().Assignment, StringComparer.Ordinal);
        Phase = GroupPhase.Stable;
        foreach (var member in _members.All)
        {
            member.Profile = member.Profile with { Assignment = given.GetValueOrDefault(member.Id.Value) };
            if (member.SyncCall is { } call)
            {
                member.SyncCall = null;
                Renew(member);
                step.Answer(call, new ClassicSynced(ErrorCode.None, _protocolType, _protocol, member.Profile.Assignment));
            }
        }

        Record(step, new ClassicRecord.Formed(new ClassicGeneration(
            Generation, Generation, _protocolType, _protocol, _members.Leader!.Id, [.. _members.All.Select(member => member.Profile)])));
    }

    private void HasSynced(MemberId id)
    {
        if (_owingSync.Remove(id) && _owingSync.Count == 0)
        {
            _syncDeadline = null;
        }
    }

    private void Await(ClassicStep step, ClassicMember member, long call)
    {
        if (_members.SetJoinCall(member, call) is { } earlier)
        {
            step.Answer(earlier, ClassicJoined.Refused(ErrorCode.RebalanceInProgress, member.Id.Value, "The member has sent a newer request."));
        }
    }

    private void EndJoin(ClassicStep step, ClassicMember member, ErrorCode error, string memberId)
    {
        if (_members.SetJoinCall(member, null) is { } call)
        {
            step.Answer(call, ClassicJoined.Refused(error, memberId));
        }
    }

    private static void EndSync(ClassicStep step, ClassicMember member, ErrorCode error)
    {
        if (member.SyncCall is { } call)
        {
            member.SyncCall = null;
            step.Answer(call, ClassicSynced.Refused(error));
        }
    }

    private ClassicJoined Joined(ClassicMember member) => new(
        ErrorCode.None, Generation, _protocolType, _protocol, _members.Leader!.Id.Value, member.Id.Value, false,
        member == _members.Leader ? Everyone() : []);

    private ImmutableArray<ClassicJoinedMember> Everyone() =>
        [.. _members.All.Select(member => new ClassicJoinedMember(member.Id, member.Profile.InstanceId, member.MetadataOf(_protocol)))];

    /// <summary>The id of a new member: it begins with a name that operators know, as Kafka's do.</summary>
    /// <param name="join">Its JoinGroup.</param>
    /// <param name="unique">Makes it unique.</param>
    public static MemberId NewId(ClassicJoin join, Guid unique)
    {
        var name = join.InstanceId?.Value ?? join.ClientId;
        return MemberId.TryParse($"{name}-{unique}", out var id, out _) ? id : MemberId.Parse($"member-{unique}");
    }

    private static ClassicProfile Profile(MemberId id, ClassicJoin join, ReadOnlyMemory<byte> assignment)
    {
        var session = TimeSpan.FromMilliseconds((long)join.SessionTimeout.TotalMilliseconds);
        var rebalance = TimeSpan.FromMilliseconds((long)join.RebalanceTimeout.TotalMilliseconds);
        return new ClassicProfile(
            id, join.InstanceId, join.ClientId, join.Host, session, rebalance > TimeSpan.Zero ? rebalance : session, join.Protocols, assignment);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
