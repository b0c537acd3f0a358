using Loire.Coordination.Groups.Assignors;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// Handles group requests: returns the records that a request produces, or refuses it with one of Kafka's error codes. These rules never
/// change the state; only <see cref="GroupState.Apply"/> does.
/// </summary>
public static class GroupRules
{
    /// <summary>
    /// Handles a join, which has epoch 0. A known member id starts a new life: it keeps its assignment, and the earlier life is fenced. A
    /// member with a known instance id takes over from the current holder, without a rebalance if the subscriptions assign alike. (KIP-848
    /// instead refuses the newcomer until the holder's session has expired, which would stall a rolling restart for that long.)
    /// </summary>
    public static Decision<GroupRecord> Join(GroupState state, HeartbeatRequest request, MembershipOptions options, AssignorRegistry registry)
    {
        Invariant.Check(request.MemberEpoch == 0);
        var (error, detail) = HeartbeatChecks.Check(request);
        if (error == ErrorCode.None)
        {
            (error, detail) = HeartbeatChecks.Check(request.Subscription!, options);
        }

        if (error != ErrorCode.None)
        {
            return Refuse(error, detail!);
        }

        var profile = new MemberProfile(
            request.MemberId, request.InstanceId, request.ClientId, request.Host, HeartbeatChecks.Normalize(request.Subscription!));
        var sameId = state.Members.GetValueOrDefault(request.MemberId);
        var sameInstance = state.FindInstance(request.InstanceId);
        if (sameId is not null && sameInstance is not null && sameId != sameInstance)
        {
            return Refuse(ErrorCode.InvalidRequest, "A member that takes over an instance id needs a new member id.");
        }

        var before = sameInstance ?? sameId;
        if (before is null && state.Members.Count >= options.MembersMax)
        {
            return Refuse(ErrorCode.GroupMaxSizeReached, $"The group has {options.MembersMax} members, which is the maximum.");
        }

        (error, detail) = HeartbeatChecks.Agree(state, before, profile.Subscription.Assignors, registry);
        return error != ErrorCode.None ? Refuse(error, detail!)
            : sameInstance is not null && sameId is null
                ? Decision<GroupRecord>.Accept(new GroupRecord.Replaced(sameInstance.Profile.MemberId, profile))
                : Decision<GroupRecord>.Accept(new GroupRecord.Joined(profile));
    }

    /// <summary>
    /// Handles a heartbeat, which carries the epoch of the member's last answer, confirms revocations and may change the subscription. An
    /// older epoch of the same life is accepted, since answers may have been lost, provided that the member owns nothing that the group no
    /// longer considers its own. KIP-848 accepts only the previous epoch, because there a member's epoch advances only in its own
    /// heartbeats.
    /// </summary>
    public static Decision<GroupRecord> Heartbeat(GroupState state, HeartbeatRequest request, MembershipOptions options, AssignorRegistry registry)
    {
        Invariant.Check(request.MemberEpoch != 0);
        var (error, detail) = HeartbeatChecks.Check(request);
        if (error != ErrorCode.None)
        {
            return Refuse(error, detail!);
        }

        error = CheckMember(state, request.MemberId, request.InstanceId);
        if (error != ErrorCode.None)
        {
            return Refuse(error, "The group no longer has such a member.");
        }

        var member = state.Members[request.MemberId];
        if (request.MemberEpoch > state.Epoch || request.MemberEpoch < member.JoinedAt)
        {
            return Refuse(ErrorCode.FencedMemberEpoch,
                $"Epoch {request.MemberEpoch} is outside this member's epochs, {member.JoinedAt} to {state.Epoch}.");
        }

        if (request.MemberEpoch < state.Epoch && request.Owned.FirstOrDefault(owned => state.FindHeld(member, owned) is null) is var foreign
            && foreign != default)
        {
            return Refuse(ErrorCode.FencedMemberEpoch, $"The member claims {foreign} with an old epoch, but does not hold it.");
        }

        List<GroupRecord> records = [];
        if (Released(state, member, request) is { Length: > 0 } released)
        {
            records.Add(new GroupRecord.Released(request.MemberId, [.. released]));
        }

        if (request.Subscription is { } requested)
        {
            (error, detail) = HeartbeatChecks.Check(requested, options);
            if (error == ErrorCode.None)
            {
                (error, detail) = HeartbeatChecks.Agree(state, member, requested.Assignors, registry);
            }

            var terms = error == ErrorCode.None ? HeartbeatChecks.Normalize(requested) : member.Profile.Subscription;
            if (!terms.SameAs(member.Profile.Subscription))
            {
                records.Add(new GroupRecord.Resubscribed(request.MemberId, terms));
            }
        }

        return error != ErrorCode.None ? Refuse(error, detail!) : Decision<GroupRecord>.Accept([.. records]);
    }

    /// <summary>Handles a leave request. An unknown member has already left, which is no error.</summary>
    /// <param name="state">The group.</param>
    /// <param name="memberId">The member; null to identify it by its instance id.</param>
    /// <param name="instanceId">Its instance id, if it has one.</param>
    public static Decision<GroupRecord> Leave(GroupState state, MemberId? memberId, GroupInstanceId? instanceId)
    {
        var holder = state.FindInstance(instanceId);
        if (memberId is null && instanceId is null)
        {
            return Refuse(ErrorCode.InvalidRequest, "A leave request needs a member id or an instance id.");
        }

        if (memberId is not null && holder is not null && holder.Profile.MemberId != memberId)
        {
            return Refuse(ErrorCode.FencedInstanceId, "Another member has taken over this instance id.");
        }

        var member = memberId is { } known ? state.Members.GetValueOrDefault(known) : holder;
        return member is null
            ? Decision<GroupRecord>.Accept()
            : Decision<GroupRecord>.Accept(new GroupRecord.Departed(member.Profile.MemberId, DepartureCause.Left));
    }

    /// <summary>
    /// Whether a member may commit an offset of a partition: it must have held the partition continuously since the epoch of the commit.
    /// This accepts a commit sent before the newest answer (as KIP-1251 does) and rejects a zombie's: with <see cref="ErrorCode.StaleMemberEpoch"/>, or
    /// with <see cref="ErrorCode.IllegalGeneration"/> if it came by JoinGroup and knows no epochs.
    /// </summary>
    public static ErrorCode CheckCommit(GroupState state, MemberId memberId, int memberEpoch, TopicPartition partition)
    {
        if (!state.Members.TryGetValue(memberId, out var member))
        {
            return ErrorCode.UnknownMemberId;
        }

        var isHeld = memberEpoch >= member.JoinedAt && memberEpoch <= state.Epoch && state.FindHeld(member, partition) is { } held && held.Since <= memberEpoch;
        return isHeld ? ErrorCode.None
            : member.Profile.Subscription.IsClassic ? ErrorCode.IllegalGeneration
            : ErrorCode.StaleMemberEpoch;
    }

    /// <summary>
    /// Whether a member may commit an offset of a partition with a transaction, with Kafka's error codes for that: without a member and an epoch nothing is
    /// checked, as for producers that know no group; a stale epoch is <see cref="ErrorCode.IllegalGeneration"/>. A commit of an older epoch is
    /// accepted as <see cref="CheckCommit"/> does it, which Kafka's brokers do not do in transactions.
    /// </summary>
    /// <param name="state">The group.</param>
    /// <param name="memberId">The member; null for none.</param>
    /// <param name="memberEpoch">The member's epoch; −1 for none.</param>
    /// <param name="partition">The partition.</param>
    public static ErrorCode CheckTransactionalCommit(GroupState state, MemberId? memberId, int memberEpoch, TopicPartition partition)
    {
        if (memberEpoch < 0 && (memberId is null || state.Members.Count == 0))
        {
            return ErrorCode.None;
        }

        var error = memberId is { } member ? CheckCommit(state, member, memberEpoch, partition) : ErrorCode.UnknownMemberId;
        return error == ErrorCode.StaleMemberEpoch ? ErrorCode.IllegalGeneration : error;
    }

    /// <summary>Whether the member exists and has not lost its instance id to another.</summary>
    public static ErrorCode CheckMember(GroupState state, MemberId memberId, GroupInstanceId? instanceId)
    {
        var member = state.Members.GetValueOrDefault(memberId);
        return member is not null && member.Profile.InstanceId == instanceId ? ErrorCode.None
            : state.FindInstance(instanceId) is not null ? ErrorCode.FencedInstanceId
            : ErrorCode.UnknownMemberId;
    }

    private static TopicPartition[] Released(GroupState state, GroupMember member, HeartbeatRequest request)
    {
        if (member.Revoking.Count == 0)
        {
            return [];
        }

        var owned = request.Owned.ToHashSet();
        return [.. member.Revoking.Where(partition =>
            !owned.Contains(partition) && state.FindHeld(member, partition)!.Value.RevokedAt <= request.MemberEpoch)];
    }

    private static Decision<GroupRecord> Refuse(ErrorCode error, string detail) => Decision<GroupRecord>.Refuse(error, detail);
}
