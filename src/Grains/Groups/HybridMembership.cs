using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Grains.Interfaces.Groups;
using Loire.Model.Groups;

namespace Loire.Grains.Groups;

/// <summary>
/// Members that come by JoinGroup to a group that assigns itself (<see cref="HybridRules"/>). A join is answered at once; what waits is a sync while the
/// group is about to assign, so that the member need not come again for it later. What a member was told last is not durable, so all join again, once, when
/// the group has been activated anew.
/// </summary>
/// <param name="group">The group.</param>
/// <param name="newId">Makes ids of members unique.</param>
internal sealed class HybridMembership(IGroupCore group, Func<Guid> newId)
{
    /// <summary>Whether the group has members and assigns to them itself.</summary>
    public bool Serves => State.Members.Count > 0;

    private GroupState State => group.State.Machine.State;

    public async Task<ClassicJoined> JoinAsync(ClassicJoin join)
    {
        var translated = HybridRules.Translate(State, join, ClassicGroupMachine.NewId(join, newId()), group.State.Machine.Options);
        if (translated.Refusal is { } refused)
        {
            return refused;
        }

        var request = translated.Request!;
        var (refusal, joinedAt) = await group.RenewAsync(request);
        if (refusal is null && !Serves)
        {
            // The others have left, and the member is one of a classic group now.
            return ClassicJoined.Refused(ErrorCode.RebalanceInProgress, request.MemberId.Value);
        }

        if (refusal is null)
        {
            // What it has now is what its generation knows.
            var answer = group.State.Machine.Answer(request.MemberId, request.InstanceId, joinedAt);
            var error = answer.Error == ErrorCode.None ? await group.DurableAsync() : answer.Error;
            if (error == ErrorCode.None)
            {
                return new ClassicJoined(
                    ErrorCode.None, answer.MemberEpoch, GroupDescription.ConsumerProtocolType, translated.Protocol, "", request.MemberId.Value, false, []);
            }

            refusal = answer with { Error = error };
        }

        return ClassicJoined.Refused(Told(refusal.Error), request.MemberId.Value, refusal.Detail);
    }

    public async Task<ClassicSynced> SyncAsync(ClassicSync sync, CancellationToken cancellation)
    {
        var error = HybridRules.Find(State, sync.Member, out var member);
        if (error != ErrorCode.None)
        {
            return ClassicSynced.Refused(error);
        }

        if (sync.ProtocolType is not null and not GroupDescription.ConsumerProtocolType
            || (sync.Protocol is { } protocol && member!.Profile.Subscription.Classic.All(one => one.Name != protocol)))
        {
            return ClassicSynced.Refused(ErrorCode.InconsistentGroupProtocol);
        }

        error = await BeatAsync(member!, sync.Member);
        if (error == ErrorCode.None && State.Epoch > State.TargetEpoch)
        {
            error = await group.WaitForNewsAsync(member!.Profile.MemberId, member.JoinedAt, cancellation);
        }

        error = error == ErrorCode.None ? FindAgain(sync.Member, out member) : error;
        return error != ErrorCode.None ? ClassicSynced.Refused(error)
            : HasNews(member!) ? ClassicSynced.Refused(ErrorCode.RebalanceInProgress)
            : HybridRules.Assignment(member!, sync.Protocol);
    }

    public async Task<ErrorCode> HeartbeatAsync(ClassicMemberKey key)
    {
        var error = HybridRules.Find(State, key, out var member);
        error = error == ErrorCode.None ? await BeatAsync(member!, key) : error;
        error = error == ErrorCode.None ? FindAgain(key, out member) : error;
        if (error != ErrorCode.None || (member!.Revoking.Count == 0 && !HasNews(member)))
        {
            return error;
        }

        group.Told(member);
        return ErrorCode.RebalanceInProgress;
    }

    public async Task<ClassicLeft> LeaveAsync(ClassicLeaver[] leavers)
    {
        List<ErrorCode> errors = [];
        foreach (var leaver in leavers)
        {
            var holder = leaver.MemberId is null && leaver.InstanceId is { } instance ? State.FindInstance(instance)?.Profile.MemberId : leaver.MemberId;
            var error = HybridRules.Find(State, new ClassicMemberKey(holder, leaver.InstanceId, State.Epoch), out var member);
            if (error == ErrorCode.None && await group.RemoveAsync(member!.Profile.MemberId, null) is not ErrorCode.None and var failure)
            {
                return new ClassicLeft(failure, []);
            }

            errors.Add(error);
        }

        return new ClassicLeft(ErrorCode.None, [.. errors]);
    }

    /// <summary>Renews the session: a heartbeat that owns all that the group holds for the member gives nothing up.</summary>
    private async Task<ErrorCode> BeatAsync(GroupMember member, ClassicMemberKey key)
    {
        var profile = member.Profile;
        var (refusal, _) = await group.RenewAsync(new HeartbeatRequest(
            profile.MemberId, profile.InstanceId, key.Generation, profile.ClientId, profile.Host, null, [.. member.Assigned.Concat(member.Revoking)], TimeSpan.Zero));
        return Told(refusal?.Error ?? ErrorCode.None);
    }

    /// <summary>Meanwhile the group may have become a classic one, which its members must join again.</summary>
    private ErrorCode FindAgain(ClassicMemberKey key, out GroupMember? member)
    {
        member = null;
        return Serves ? HybridRules.Find(State, key, out member) : ErrorCode.RebalanceInProgress;
    }

    private bool HasNews(GroupMember member) => group.State.Machine.HasNews(member.Profile.MemberId, member.JoinedAt);

    // Members of the classic protocol know generations, not epochs.
    private static ErrorCode Told(ErrorCode error) => error == ErrorCode.FencedMemberEpoch ? ErrorCode.IllegalGeneration : error;
}
