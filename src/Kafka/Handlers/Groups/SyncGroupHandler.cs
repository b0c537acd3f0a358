using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// SyncGroup 0 to 5. The answer waits for the leader's assignments. From version 5 on a member must say of which protocol type and protocol it is (KIP-559).
/// </summary>
/// <param name="groups">Calls the group.</param>
internal sealed class SyncGroupHandler(GroupCalls groups) : KafkaHandler<SyncGroupRequest>(ApiKey.SyncGroup, 0, 5)
{
    private const int FirstWithProtocol = 5;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, SyncGroupRequest request)
    {
        if (context.Version >= FirstWithProtocol && (request.ProtocolType is null || request.ProtocolName is null))
        {
            return Refuse(context, request, ErrorCode.InconsistentGroupProtocol);
        }

        if (!MemberNames.TryRead(request.MemberId, request.GroupInstanceId, out var names))
        {
            return Refuse(context, request, ErrorCode.UnknownMemberId);
        }

        // The group keeps the assignments for long, which must not keep the frame.
        var sync = new ClassicSync(
            names.Of(request.GenerationId), request.ProtocolType, request.ProtocolName,
            [.. request.Assignments.Select(assignment => new ClassicAssignment(assignment.MemberId, assignment.Assignment.ToArray()))]);

        // The leader's assignments have an effect, whether it is still there or not.
        var gone = request.Assignments.Length == 0 ? context.Gone : CancellationToken.None;
        return Answer(await groups.CallAsync(request.GroupId, group => group.SyncClassic(sync, gone), ClassicSynced.Refused));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, SyncGroupRequest request, ErrorCode error) => Answer(ClassicSynced.Refused(error));

    private static SyncGroupResponse Answer(ClassicSynced synced) => new()
    {
        ErrorCode = GroupCalls.ForClient(synced.Error),
        ProtocolType = synced.ProtocolType,
        ProtocolName = synced.Protocol,
        Assignment = synced.Assignment,
    };
}
