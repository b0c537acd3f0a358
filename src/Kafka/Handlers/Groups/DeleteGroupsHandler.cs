using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>DeleteGroups 0 to 2: groups without members, with their offsets. A group that is named twice is answered once.</summary>
/// <param name="groups">Calls the groups.</param>
internal sealed class DeleteGroupsHandler(GroupCalls groups) : KafkaHandler<DeleteGroupsRequest>(ApiKey.DeleteGroups, 0, 2)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DeleteGroupsRequest request) => new DeleteGroupsResponse
    {
        // No group has an id that is not legal.
        Results = await TopicDirectory.EachAsync([.. request.GroupsNames.Distinct()], async id => Answer(id, GroupId.TryParse(id, out _, out string? _)
            ? await groups.CallAsync(id, static group => group.Delete(), static error => error)
            : ErrorCode.GroupIdNotFound)),
    };

    protected override IKafkaMessage Refuse(HandlerContext context, DeleteGroupsRequest request, ErrorCode error) =>
        new DeleteGroupsResponse { Results = [.. request.GroupsNames.Distinct().Select(id => Answer(id, error))] };

    private static DeleteGroupsResponse.Result Answer(string id, ErrorCode error) =>
        new() { GroupId = id, ErrorCode = GroupCalls.ForClient(error), ErrorMessage = error == ErrorCode.None ? null : ErrorCodes.Describe(error).Text };
}
