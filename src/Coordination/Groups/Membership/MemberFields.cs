using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>Encodes the member fields of group records; the layout is drawn at <see cref="GroupRecordCodec"/>.</summary>
internal static class MemberFields
{
    public static void Write(FieldWriter writer, MemberProfile member, byte layout)
    {
        writer.Text(member.MemberId.Value).Text(member.InstanceId?.Value).Text(member.ClientId).Text(member.Host);
        Write(writer, member.Subscription, layout);
    }

    public static void Write(FieldWriter writer, MemberSubscription terms, byte layout)
    {
        writer.UInt16(checked((ushort)terms.Topics.Length));
        foreach (var topic in terms.Topics)
        {
            writer.Text(topic.Value);
        }

        writer.Text(terms.Pattern).Byte(checked((byte)terms.Assignors.Length));
        foreach (var assignor in terms.Assignors)
        {
            writer.Text(assignor);
        }

        writer.Int32((int)terms.SessionTimeout.TotalMilliseconds).Int32((int)terms.RebalanceTimeout.TotalMilliseconds)
            .Text(terms.UserData);
        if (layout < 3)
        {
            return;
        }

        writer.Byte(checked((byte)(terms.IsClassic ? terms.Classic.Length : 0)));
        foreach (var protocol in terms.IsClassic ? terms.Classic : [])
        {
            writer.Text(protocol.Name).Bytes(protocol.Metadata.Span);
        }
    }

    public static MemberProfile? ReadProfile(ref FieldReader reader, byte layout)
    {
        if (!TryReadMemberId(ref reader, out var memberId))
        {
            return null;
        }

        GroupInstanceId? instanceId = null;
        if (reader.Text() is { } text)
        {
            if (!GroupInstanceId.TryParse(text, out var instance, out _))
            {
                return null;
            }

            instanceId = instance;
        }

        return reader.TryText(out var clientId) && reader.TryText(out var host) && ReadTerms(ref reader, layout) is { } terms
            ? new MemberProfile(memberId, instanceId, clientId, host, terms)
            : null;
    }

    public static bool TryReadMemberId(ref FieldReader reader, out MemberId memberId)
    {
        memberId = default;
        return reader.TryText(out var text) && MemberId.TryParse(text, out memberId, out _);
    }

    public static MemberSubscription? ReadTerms(ref FieldReader reader, byte layout)
    {
        var topicsCount = reader.UInt16();
        var topics = ImmutableArray.CreateBuilder<TopicName>();
        while (topics.Count < topicsCount)
        {
            if (!reader.TryText(out var text) || !TopicName.TryParse(text, out var topic, out _)
                || (topics.Count > 0 && topics[^1].CompareTo(topic) >= 0))
            {
                return null;
            }

            topics.Add(topic);
        }

        var pattern = reader.Text();
        var assignorsCount = reader.Byte();
        var assignors = ImmutableArray.CreateBuilder<string>();
        while (assignors.Count < assignorsCount)
        {
            if (!reader.TryText(out var assignor))
            {
                return null;
            }

            assignors.Add(assignor);
        }

        var (session, rebalance) = (TimeSpan.FromMilliseconds((long)reader.Int32()), TimeSpan.FromMilliseconds((long)reader.Int32()));
        var userData = layout < 2 ? null : reader.Text();
        var protocols = ImmutableArray.CreateBuilder<ClassicProtocol>();
        for (var left = layout < 3 ? 0 : reader.Byte(); left > 0; left--)
        {
            if (!reader.TryText(out var name))
            {
                return null;
            }

            protocols.Add(new ClassicProtocol(name, reader.Bytes()));
        }

        return reader.HasFailed || session <= TimeSpan.Zero || rebalance <= TimeSpan.Zero
            ? null
            : new MemberSubscription(
                topics.ToImmutable(), pattern, assignors.ToImmutable(), session, rebalance, userData, protocols.Count == 0 ? default : protocols.ToImmutable());
    }
}
