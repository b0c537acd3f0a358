using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// JoinGroup 0 to 9. The answer waits until the generation has its members; if the client goes meanwhile, or the node stops, nobody is answered, and the member stays until
/// its session ends. Version 0 has no rebalance timeout: the session's counts. From version 4 on a new dynamic member is sent back with an id (KIP-394), from 9 on a static
/// leader that returns is told to skip the assignment (KIP-814). Below version 7 a refusal has an empty protocol instead of none.
/// Of a protocol that is listed twice the first counts.
/// </summary>
/// <param name="groups">Calls the group.</param>
internal sealed class JoinGroupHandler(GroupCalls groups) : KafkaHandler<JoinGroupRequest>(ApiKey.JoinGroup, 0, 9)
{
    private const int FirstWithKnownId = 4;
    private const int FirstWithNullableProtocol = 7;
    private const int FirstWithSkippedAssignment = 9;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, JoinGroupRequest request)
    {
        if (!MemberNames.TryRead(request.MemberId, request.GroupInstanceId, out var names))
        {
            return Refuse(context, request, ErrorCode.InvalidRequest);
        }

        // The group keeps the metadata for long, which must not keep the frame.
        var session = TimeSpan.FromMilliseconds(request.SessionTimeoutMs);
        var join = new ClassicJoin(
            names.MemberId, names.InstanceId, context.ClientId, context.Connection.ClientHost, request.ProtocolType,
            [.. request.Protocols.DistinctBy(protocol => protocol.Name).Select(protocol => new ClassicProtocol(protocol.Name, protocol.Metadata.ToArray()))],
            session, context.Version == 0 ? session : TimeSpan.FromMilliseconds(request.RebalanceTimeoutMs),
            context.Version >= FirstWithKnownId, context.Version >= FirstWithSkippedAssignment, request.Reason);
        var gone = context.Gone;
        await CommitOrder.Of(context).Commits;
        return Answer(context, await groups.CallAsync(
            request.GroupId, group => group.JoinClassic(join, gone), error => ClassicJoined.Refused(error, request.MemberId)));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, JoinGroupRequest request, ErrorCode error) =>
        Answer(context, ClassicJoined.Refused(error, request.MemberId));

    private static JoinGroupResponse Answer(HandlerContext context, ClassicJoined joined) => new()
    {
        ErrorCode = GroupCalls.ForClient(joined.Error),
        GenerationId = joined.Generation,
        ProtocolType = joined.ProtocolType,
        ProtocolName = joined.Protocol ?? (context.Version < FirstWithNullableProtocol ? "" : null),
        Leader = joined.Leader,
        SkipAssignment = joined.SkipsAssignment,
        MemberId = joined.MemberId,
        Members = [.. joined.Members.Select(member => new JoinGroupResponse.Member
        {
            MemberId = member.MemberId.Value, GroupInstanceId = member.InstanceId?.Value, Metadata = member.Metadata,
        })],
    };
}
