using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>
/// Members that come by JoinGroup to a group that assigns itself, as Kafka admits them to a consumer group: consumers whose subscription can be read. To the
/// group such a member is one as all others; a join is its heartbeat with a subscription and what it still owns, a generation the group's epoch at that
/// join. It has to join again when its partitions have changed since, and until it has given up what it must. These rules never change the state.
/// </summary>
public static class HybridRules
{
    /// <summary>What a JoinGroup means to the group, or why it is refused.</summary>
    /// <param name="state">The group; it has members.</param>
    /// <param name="join">The request.</param>
    /// <param name="newId">The id of the member if it is a new one.</param>
    /// <param name="options">The broker's settings.</param>
    public static HybridJoin Translate(GroupState state, ClassicJoin join, MemberId newId, MembershipOptions options)
    {
        var memberId = join.MemberId?.Value ?? "";
        var (error, detail) = ClassicChecks.Check(join, options);
        if (error != ErrorCode.None)
        {
            return Refuse(error, memberId, detail);
        }

        if (join.ProtocolType != GroupDescription.ConsumerProtocolType || Common(state, join) is not { } protocol)
        {
            return Refuse(
                ErrorCode.InconsistentGroupProtocol, memberId,
                "The group assigns the partitions of consumers by itself; a classic member must be a consumer, and have a protocol that all classic members have.");
        }

        var bytes = join.Protocols.Sum(one => (long)one.Metadata.Length) + state.Members.Values
            .Where(member => member.Profile.MemberId != join.MemberId && (join.InstanceId is null || member.Profile.InstanceId != join.InstanceId))
            .Sum(member => member.Profile.Subscription.IsClassic ? member.Profile.Subscription.Classic.Sum(one => (long)one.Metadata.Length) : 0);
        if (bytes > Limits.ClassicBytesPerGroup)
        {
            return Refuse(ErrorCode.GroupMaxSizeReached, memberId, "The group has no room for the metadata of the member.");
        }

        if (!ConsumerProtocol.TryReadSubscription(protocol.Metadata.Span, out var subscription))
        {
            return Refuse(ErrorCode.InconsistentGroupProtocol, memberId, "The member's subscription cannot be read, and the group would have to.");
        }

        if (join is { NeedsKnownId: true, MemberId: null, InstanceId: null })
        {
            return Refuse(ErrorCode.MemberIdRequired, newId.Value, null);
        }

        // Members vote by their assignors; a classic one leaves that to the others.
        var assignors = state.Members.Values.First().Profile.Subscription.Assignors.Where(name => state.CountListing(name) == state.Members.Count);
        var known = join.MemberId is { } id ? state.Members.GetValueOrDefault(id) : null;
        if (known is { Profile.Subscription.IsClassic: false } || (known is not null && join.InstanceId is not null && known.Profile.InstanceId != join.InstanceId))
        {
            return Refuse(ErrorCode.UnknownMemberId, memberId, null);
        }

        if (known is null && join.MemberId is not null && state.FindInstance(join.InstanceId) is not null)
        {
            return Refuse(ErrorCode.FencedInstanceId, memberId, null);
        }

        var session = TimeSpan.FromMilliseconds((long)join.SessionTimeout.TotalMilliseconds);
        var request = new HeartbeatRequest(
            known?.Profile.MemberId ?? join.MemberId ?? newId, known is null ? join.InstanceId : known.Profile.InstanceId, known is null ? 0 : state.Epoch,
            join.ClientId, join.Host,
            new MemberSubscription(
                subscription.Topics, null, [.. assignors], session, join.RebalanceTimeout > TimeSpan.Zero ? join.RebalanceTimeout : session, null, join.Protocols),
            subscription.Owned, TimeSpan.Zero);
        return new HybridJoin(null, request, protocol.Name);
    }

    /// <summary>Finds the member of a request, in the present life of its generation.</summary>
    /// <param name="state">The group.</param>
    /// <param name="key">Who asks.</param>
    /// <param name="member">The member.</param>
    /// <returns><see cref="ErrorCode.None"/>, or why it is none.</returns>
    public static ErrorCode Find(GroupState state, ClassicMemberKey key, out GroupMember? member)
    {
        member = key.MemberId is { } id ? state.Members.GetValueOrDefault(id) : null;
        var holder = state.FindInstance(key.InstanceId);
        return key.InstanceId is not null && holder is null ? ErrorCode.UnknownMemberId
            : holder is not null && holder != member ? ErrorCode.FencedInstanceId
            : member is not { Profile.Subscription.IsClassic: true } ? ErrorCode.UnknownMemberId
            : key.Generation < member.JoinedAt || key.Generation > state.Epoch ? ErrorCode.IllegalGeneration
            : ErrorCode.None;
    }

    /// <summary>What a member is told by SyncGroup.</summary>
    /// <param name="member">The member.</param>
    /// <param name="named">The protocol that it names, as JoinGroup told it; null if its version names none.</param>
    public static ClassicSynced Assignment(GroupMember member, string? named = null)
    {
        var classic = member.Profile.Subscription.Classic;
        var protocol = classic.FirstOrDefault(one => one.Name == named, classic[0]);
        var version = ConsumerProtocol.TryReadSubscription(protocol.Metadata.Span, out var subscription) ? subscription.Version : (short)0;
        return new ClassicSynced(
            ErrorCode.None, GroupDescription.ConsumerProtocolType, protocol.Name, ConsumerProtocol.WriteAssignment(version, member.Assigned));
    }

    /// <summary>The first of a member's protocols that all other classic members have.</summary>
    private static ClassicProtocol? Common(GroupState state, ClassicJoin join)
    {
        GroupMember[] others = [.. state.Members.Values.Where(member => member.Profile.Subscription.IsClassic && member.Profile.MemberId != join.MemberId
            && (join.InstanceId is null || member.Profile.InstanceId != join.InstanceId))];
        foreach (var protocol in join.Protocols)
        {
            if (Array.TrueForAll(others, member => member.Profile.Subscription.Classic.Any(other => other.Name == protocol.Name)))
            {
                return protocol;
            }
        }

        return null;
    }

    private static HybridJoin Refuse(ErrorCode error, string memberId, string? detail) => new(ClassicJoined.Refused(error, memberId, detail), null, "");
}

/// <summary>What a JoinGroup means to a group that assigns itself.</summary>
/// <param name="Refusal">Why it is refused; null if it is not.</param>
/// <param name="Request">The heartbeat that it stands for; null with a refusal.</param>
/// <param name="Protocol">The protocol that is told as the one agreed on.</param>
public sealed record HybridJoin(ClassicJoined? Refusal, HeartbeatRequest? Request, string Protocol);
