using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>What the bytes of consumers in a classic group say of topics and partitions: for administration, never for assignments.</summary>
internal static class ClassicTopics
{
    /// <summary>The topics that members subscribe to in a generation; null if that cannot be read.</summary>
    public static HashSet<TopicName>? Of(ClassicMembers members, string? protocolType, string? protocol)
    {
        if (protocolType != GroupDescription.ConsumerProtocolType)
        {
            return null;
        }

        HashSet<TopicName> topics = [];
        foreach (var member in members.All)
        {
            if (!ConsumerProtocol.TryReadSubscription(member.MetadataOf(protocol).Span, out var subscription))
            {
                return null;
            }

            topics.UnionWith(subscription.Topics);
        }

        return topics;
    }

    /// <summary>Describes a member.</summary>
    /// <param name="member">The member.</param>
    /// <param name="protocolType">What the group is used for.</param>
    /// <param name="protocol">The protocol in use; null while there is none.</param>
    /// <param name="generation">The group's generation.</param>
    public static MemberDescription Describe(ClassicMember member, string? protocolType, string? protocol, int generation)
    {
        var profile = member.Profile;
        var isConsumer = protocolType == GroupDescription.ConsumerProtocolType;
        var metadata = protocol is null ? profile.Protocols[0].Metadata : member.MetadataOf(protocol);
        TopicName[] topics = isConsumer && ConsumerProtocol.TryReadSubscription(metadata.Span, out var subscription) ? [.. subscription.Topics.Order()] : [];
        TopicPartition[] assigned = isConsumer ? [.. ConsumerProtocol.ReadAssignment(profile.Assignment.Span)] : [];
        return new MemberDescription(
            profile.MemberId, profile.InstanceId, profile.ClientId, profile.Host, generation,
            new MemberSubscription([.. topics], null, [.. profile.Protocols.Select(one => one.Name)], profile.SessionTimeout, profile.RebalanceTimeout),
            assigned, assigned, new ClassicMemberData(protocol is null ? default : metadata, profile.Assignment));
    }
}
