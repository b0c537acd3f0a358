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
/// ConsumerGroupDescribe 0 to 1 (KIP-848): groups that assign themselves, whoever their members are; any other is not found. Version 1 says of each member whether it came by
/// the classic protocol. The members' racks are not known.
/// </summary>
/// <param name="groups">Calls the groups.</param>
/// <param name="partitions">Translates partitions.</param>
internal sealed class ConsumerGroupDescribeHandler(GroupCalls groups, ConsumerPartitions partitions)
    : KafkaHandler<ConsumerGroupDescribeRequest>(ApiKey.ConsumerGroupDescribe, 0, 1)
{
    private const sbyte ClassicMember = 0;
    private const sbyte ConsumerMember = 1;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ConsumerGroupDescribeRequest request)
    {
        var operations = request.IncludeAuthorizedOperations ? AuthorizedOperations.OfGroup : AuthorizedOperations.NotAsked;
        return new ConsumerGroupDescribeResponse
        {
            Groups = await TopicDirectory.EachAsync([.. request.GroupIds.Distinct()], id => DescribeAsync(id, operations, context.Gone)),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ConsumerGroupDescribeRequest request, ErrorCode error) =>
        new ConsumerGroupDescribeResponse { Groups = [.. request.GroupIds.Distinct().Select(id => Refused(id, error))] };

    private async ValueTask<ConsumerGroupDescribeResponse.Group> DescribeAsync(string id, int operations, CancellationToken gone)
    {
        var (error, group) = await groups.CallAsync(id, static group => group.Describe(), static error => new GroupResult(error, null));
        if (group is not { Kind: GroupKind.Server })
        {
            return Refused(id, error == ErrorCode.None ? ErrorCode.GroupIdNotFound : error);
        }

        // Each topic is looked up once for all members.
        var all = await partitions.WriteAsync(
            group.Members.SelectMany(member => member.Assigned.Concat(member.Target)).Select(partition => new TopicPartition(partition.Topic, 0)).Distinct(), gone);
        if (all is null)
        {
            return Refused(id, ErrorCode.CoordinatorNotAvailable);
        }

        var ids = all.ToDictionary(topic => topic.Name, topic => topic.TopicId);
        return new ConsumerGroupDescribeResponse.Group
        {
            GroupId = id,
            GroupState = group.Phase.ToString(),
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.Epoch,
            AssignorName = ServerAssignors.Name(group.Assignor),
            AuthorizedOperations = operations,
            Members = Array.ConvertAll(group.Members, member => new ConsumerGroupDescribeResponse.Member
            {
                MemberId = member.MemberId.Value,
                InstanceId = member.InstanceId?.Value,
                MemberEpoch = member.MemberEpoch,
                ClientId = member.ClientId,
                ClientHost = member.Host,
                SubscribedTopicNames = [.. member.Subscription.Topics.Select(topic => topic.Value)],
                SubscribedTopicRegex = member.Subscription.Pattern ?? "",
                Assignment = Assignment(member.Assigned, ids),
                TargetAssignment = Assignment(member.Target, ids),
                MemberType = member.Subscription.IsClassic ? ClassicMember : ConsumerMember,
            }),
        };
    }

    private static ConsumerGroupDescribeResponse.Assignment Assignment(TopicPartition[] partitions, Dictionary<string, Guid> ids) => new()
    {
        TopicPartitions = [.. partitions.GroupBy(partition => partition.Topic.Value).Where(topic => ids.ContainsKey(topic.Key))
            .Select(topic => new ConsumerGroupDescribeResponse.TopicPartitions
            {
                TopicId = ids[topic.Key], TopicName = topic.Key, Partitions = [.. topic.Select(partition => partition.Partition)],
            })],
    };

    private static ConsumerGroupDescribeResponse.Group Refused(string id, ErrorCode error) =>
        new() { GroupId = id, ErrorCode = GroupCalls.ForClient(error), ErrorMessage = ErrorCodes.Describe(error).Text };
}
