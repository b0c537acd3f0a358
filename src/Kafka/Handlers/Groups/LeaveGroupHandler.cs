using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// LeaveGroup 0 to 5: one member until version 2, whose error is that of the answer; from version 3 on any number, also by instance id alone (KIP-345).
/// </summary>
/// <param name="groups">Calls the group.</param>
internal sealed class LeaveGroupHandler(GroupCalls groups) : KafkaHandler<LeaveGroupRequest>(ApiKey.LeaveGroup, 0, 5)
{
    private const int FirstWithMembers = 3;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, LeaveGroupRequest request)
    {
        LeaveGroupRequest.Member[] members =
            context.Version < FirstWithMembers ? [new LeaveGroupRequest.Member { MemberId = request.MemberId }] : request.Members;
        var errors = new ErrorCode[members.Length];
        List<(int Index, ClassicLeaver Leaver)> leavers = [];
        for (var i = 0; i < members.Length; i++)
        {
            if (MemberNames.TryRead(members[i].MemberId, members[i].GroupInstanceId, out var names))
            {
                leavers.Add((i, new ClassicLeaver(names.MemberId, names.InstanceId, members[i].Reason)));
            }
            else
            {
                errors[i] = ErrorCode.UnknownMemberId;
            }
        }

        await CommitOrder.Of(context).Commits;
        var left = await groups.CallAsync(
            request.GroupId, group => group.LeaveClassic([.. leavers.Select(one => one.Leaver)]), static error => new ClassicLeft(error, []));
        if (left.Error != ErrorCode.None)
        {
            return Refuse(context, request, left.Error);
        }

        foreach (var ((index, _), error) in leavers.Zip(left.Errors))
        {
            errors[index] = error;
        }

        return new LeaveGroupResponse
        {
            ErrorCode = context.Version < FirstWithMembers ? errors[0] : ErrorCode.None,
            Members = [.. members.Zip(errors, (member, error) => new LeaveGroupResponse.Member
            {
                MemberId = member.MemberId, GroupInstanceId = member.GroupInstanceId, ErrorCode = error,
            })],
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, LeaveGroupRequest request, ErrorCode error) =>
        new LeaveGroupResponse { ErrorCode = GroupCalls.ForClient(error) };
}
