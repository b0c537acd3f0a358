using System.Collections.Immutable;
using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>
/// How a group changes its kind while it has members, as Kafka's groups do: one of consumers assigns itself once a member of the newer protocol joins, and
/// becomes a classic one again when the last such member has gone. Everybody keeps what it has until it joins again.
/// </summary>
public static class KindChange
{
    /// <summary>
    /// What a classic group is as one that assigns itself: the members, each with what it was assigned, in an epoch that their generation fits in. Null if it is
    /// not one of consumers whose subscriptions can be read.
    /// </summary>
    /// <param name="classic">The classic group; it has members.</param>
    /// <param name="join">The join of the first member that the group is to assign to; its assignors count for all.</param>
    /// <param name="epoch">The epoch of the group when it last assigned itself.</param>
    public static GroupRecord.Snapshot? ToServer(ClassicGroupMachine classic, HeartbeatRequest join, int epoch)
    {
        if (!classic.IsOfConsumers || join.Subscription is not { Assignors: [_, ..] assignors })
        {
            return null;
        }

        HashSet<TopicPartition> held = [];
        List<MemberSnapshot> members = [];
        foreach (var profile in classic.Profiles.OrderBy(profile => profile.MemberId))
        {
            if (!ConsumerProtocol.TryReadSubscription(profile.Protocols[0].Metadata.Span, out var subscription)
                || subscription.Topics.Length > Limits.SubscriptionLength)
            {
                return null;
            }

            ImmutableArray<TopicPartition> assigned =
                [.. ConsumerProtocol.ReadAssignment(profile.Assignment.Span).Where(one => subscription.Topics.Contains(one.Topic) && held.Add(one))];
            members.Add(new MemberSnapshot(
                new MemberProfile(
                    profile.MemberId, profile.InstanceId, profile.ClientId, profile.Host,
                    new MemberSubscription(
                        [.. subscription.Topics.Order()], null, assignors, profile.SessionTimeout, profile.RebalanceTimeout, null, profile.Protocols)),
                classic.Generation, Math.Max(epoch, classic.Generation), [.. assigned.Select(one => new HeldPartition(one, classic.Generation, 0))], assigned));
        }

        epoch = Math.Max(epoch, classic.Generation);
        return new GroupRecord.Snapshot(epoch, epoch, assignors[0], true, [.. members]);
    }

    /// <summary>Whether a group that assigns itself has only classic members left.</summary>
    public static bool IsOver(GroupState state) => state.Members.Count > 0 && state.Members.Values.All(member => member.Profile.Subscription.IsClassic);

    /// <summary>What a group with only classic members left is as a classic one: the generation is the newest that one of them was told.</summary>
    /// <param name="machine">The group.</param>
    public static ClassicGeneration ToClassic(GroupMachine machine)
    {
        GroupMember[] members = [.. machine.State.Members.Values];
        var told = members.Max(member => machine.ToldEpoch(member.Profile.MemberId));
        var number = told > 0 ? told : machine.State.Epoch;
        var first = members[0].Profile;
        var protocol = first.Subscription.Classic.First(one => members.All(member => member.Profile.Subscription.Classic.Any(other => other.Name == one.Name)));
        return new ClassicGeneration(
            number, number, GroupDescription.ConsumerProtocolType, protocol.Name, first.MemberId,
            [.. members.Select(member => new ClassicProfile(
                member.Profile.MemberId, member.Profile.InstanceId, member.Profile.ClientId, member.Profile.Host, member.Profile.Subscription.SessionTimeout,
                member.Profile.Subscription.RebalanceTimeout, member.Profile.Subscription.Classic, HybridRules.Assignment(member, protocol.Name).Assignment))]);
    }
}
