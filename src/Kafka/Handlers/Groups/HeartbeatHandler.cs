using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>Heartbeat 0 to 4: renews the session of a classic member, and says whether it must join again.</summary>
/// <param name="groups">Calls the group.</param>
internal sealed class HeartbeatHandler(GroupCalls groups) : KafkaHandler<HeartbeatRequest>(ApiKey.Heartbeat, 0, 4)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, HeartbeatRequest request)
    {
        if (!MemberNames.TryRead(request.MemberId, request.GroupInstanceId, out var names))
        {
            return Refuse(context, request, ErrorCode.UnknownMemberId);
        }

        var member = names.Of(request.GenerationId);
        return Refuse(context, request, await groups.CallAsync(request.GroupId, group => group.HeartbeatClassic(member), static error => error));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, HeartbeatRequest request, ErrorCode error) =>
        new HeartbeatResponse { ErrorCode = GroupCalls.ForClient(error) };
}
