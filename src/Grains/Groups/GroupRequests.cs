using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;

namespace Loire.Grains.Groups;

/// <summary>The same things in the words of the contracts and in those of the rules.</summary>
internal static class GroupRequests
{
    /// <summary>Says what no rule has to look at; null if nothing is wrong.</summary>
    public static string? Problem(HeartbeatRequest request) =>
        request.MaxWait < TimeSpan.Zero ? "The wait must not be negative."
        : request.Owned is null || request.ClientId is null || request.Host is null ? "Owned partitions, client id and host must be given."
        : request.ClientId.Length > Limits.ClientNameLength || request.Host.Length > Limits.ClientNameLength
            ? $"A client id and a host have at most {Limits.ClientNameLength} characters."
        : request.MemberId == default ? "A member id must not be empty."
        : request.InstanceId == default(GroupInstanceId) ? "A group instance id must not be empty."
        : request.Subscription is { } terms && (terms.Topics is null || terms.Assignors is null)
            ? "A subscription lists topics and assignors, if need be none."
        : request.Subscription is { UserData.Length: > Limits.MemberUserDataLength }
            ? $"A member's user data has at most {Limits.MemberUserDataLength} characters."
        : null;

    /// <summary>Says what no rule has to look at; null if nothing is wrong.</summary>
    public static string? Problem(CommitRequest request) =>
        request.Offsets is null ? "Offsets must be given."
        : request.Offsets.Length > Limits.OffsetsPerCommit ? $"One commit has at most {Limits.OffsetsPerCommit} offsets."
        : null;

    public static GroupHeartbeat ToMachine(HeartbeatRequest request) => new(
        request.MemberId, request.InstanceId, request.MemberEpoch, request.ClientId, request.Host,
        request.Subscription is { } terms
            ? new SubscriptionTerms(
                [.. terms.Topics.Distinct().Order()], terms.Pattern, [.. terms.Assignors], terms.SessionTimeout, terms.RebalanceTimeout,
                terms.UserData)
            : null,
        request.Owned);

    public static OffsetCommit ToRules(CommittedOffset offset) =>
        new(offset.Partition, offset.Offset, offset.LeaderEpoch, offset.Metadata ?? "", offset.CommittedAt, offset.TopicId);

    public static CommittedOffset ToInterface(OffsetCommit offset) =>
        new(offset.Partition, offset.Offset, offset.LeaderEpoch, offset.Metadata, offset.CommittedAt, offset.TopicId);

    public static PartitionError ToError(RefusedOffset refused) => new(refused.Partition, refused.Error);

    public static GroupDescription Describe(GroupId groupId, GroupState state) => new(
        groupId,
        state.Phase switch
        {
            MembershipPhase.Empty => GroupPhase.Empty,
            MembershipPhase.Assigning => GroupPhase.Assigning,
            MembershipPhase.Reconciling => GroupPhase.Reconciling,
            _ => GroupPhase.Stable,
        },
        state.Epoch,
        state.Assignor,
        [.. state.Members.Values.OrderBy(member => member.Profile.MemberId).Select(Describe)]);

    private static MemberDescription Describe(GroupMember member)
    {
        var (profile, terms) = (member.Profile, member.Profile.Subscription);
        return new MemberDescription(
            profile.MemberId, profile.InstanceId, profile.ClientId, profile.Host, member.MemberEpoch,
            new MemberSubscription([.. terms.Topics], terms.Pattern, [.. terms.Assignors], terms.SessionTimeout, terms.RebalanceTimeout,
                terms.UserData),
            [.. member.Assigned.Concat(member.Revoking).Order()], [.. member.Target]);
    }
}
