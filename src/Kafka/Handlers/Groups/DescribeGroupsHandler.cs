using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// DescribeGroups 0 to 6: classic groups. One that does not exist is dead, from version 6 on with an error as well (KIP-1043); so is one that assigns itself, which
/// ConsumerGroupDescribe tells of.
/// </summary>
/// <param name="groups">Calls the groups.</param>
internal sealed class DescribeGroupsHandler(GroupCalls groups) : KafkaHandler<DescribeGroupsRequest>(ApiKey.DescribeGroups, 0, 6)
{
    private const int FirstWithNotFound = 6;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeGroupsRequest request)
    {
        var operations = request.IncludeAuthorizedOperations ? AuthorizedOperations.OfGroup : AuthorizedOperations.NotAsked;
        return new DescribeGroupsResponse
        {
            Groups = await TopicDirectory.EachAsync(request.Groups, async id =>
            {
                // No group has an id that is not legal.
                var (error, group) = GroupId.TryParse(id, out _, out string? _)
                    ? await groups.CallAsync(id, static group => group.Describe(), static error => new GroupResult(error, null))
                    : new GroupResult(ErrorCode.GroupIdNotFound, null);
                return group is { Kind: GroupKind.Classic } ? Found(id, group, operations)
                    : Dead(context, id, error == ErrorCode.None ? ErrorCode.GroupIdNotFound : error, operations);
            }),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeGroupsRequest request, ErrorCode error) =>
        new DescribeGroupsResponse { Groups = Array.ConvertAll(request.Groups, id => Dead(context, id, error, AuthorizedOperations.NotAsked)) };

    private static DescribeGroupsResponse.Group Dead(HandlerContext context, string id, ErrorCode error, int operations) => new()
    {
        GroupId = id,
        ErrorCode = error == ErrorCode.GroupIdNotFound && context.Version < FirstWithNotFound ? ErrorCode.None : GroupCalls.ForClient(error),
        ErrorMessage = ErrorCodes.Describe(error).Text,
        GroupState = error == ErrorCode.GroupIdNotFound ? nameof(GroupPhase.Dead) : "",
        AuthorizedOperations = operations,
    };

    private static DescribeGroupsResponse.Group Found(string id, GroupDescription group, int operations) => new()
    {
        GroupId = id,
        GroupState = group.Phase.ToString(),
        ProtocolType = group.ProtocolType,
        ProtocolData = group.Assignor,
        AuthorizedOperations = operations,
        Members = Array.ConvertAll(group.Members, member => new DescribeGroupsResponse.Member
        {
            MemberId = member.MemberId.Value,
            GroupInstanceId = member.InstanceId?.Value,
            ClientId = member.ClientId,
            ClientHost = member.Host,
            MemberMetadata = member.Classic?.Metadata ?? default,
            MemberAssignment = member.Classic?.Assignment ?? default,
        }),
    };
}
