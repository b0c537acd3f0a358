using Loire.Edge.Topics;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// AlterPartitionReassignments 0 to 1: the cluster itself decides where partitions are, so a partition can only be assigned to the broker that leads it, which changes
/// nothing. There is never a reassignment under way to be cancelled.
/// </summary>
/// <param name="brokers">The brokers.</param>
/// <param name="topics">The topics.</param>
internal sealed class AlterPartitionReassignmentsHandler(Brokers brokers, TopicDirectory topics)
    : KafkaHandler<AlterPartitionReassignmentsRequest>(ApiKey.AlterPartitionReassignments, 0, 1)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, AlterPartitionReassignmentsRequest request)
    {
        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        return new AlterPartitionReassignmentsResponse
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,
            Responses = await TopicDirectory.EachAsync(request.Topics, async named =>
            {
                var lookup = await topics.FindAsync(named.Name, context.Gone);
                return Answer(named, partition => Check(partition, lookup, cluster));
            }),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, AlterPartitionReassignmentsRequest request, ErrorCode error) =>
        new AlterPartitionReassignmentsResponse { ErrorCode = error, Responses = [.. request.Topics.Select(named => Answer(named, _ => (error, null)))] };

    private static (ErrorCode Error, string? Detail) Check(
        AlterPartitionReassignmentsRequest.Partition partition, TopicLookup lookup, ReachableBrokers cluster)
    {
        if (lookup.Topic is not { } topic || partition.PartitionIndex < 0 || partition.PartitionIndex >= topic.PartitionsCount)
        {
            return (lookup.Error is ErrorCode.None or ErrorCode.InvalidTopicException ? ErrorCode.UnknownTopicOrPartition : lookup.Error, lookup.Detail);
        }

        if (partition.Replicas is not { } replicas)
        {
            return (ErrorCode.NoReassignmentInProgress, null);
        }

        var leader = cluster.LeaderFor(topic.LeaderOf(partition.PartitionIndex));
        return Assignments.Problem(replicas, cluster) is { } problem ? (ErrorCode.InvalidReplicaAssignment, problem)
            : replicas[0] != leader ? (ErrorCode.InvalidReplicaAssignment, $"The cluster decides where partitions are; this one is at broker {leader}.")
            : (ErrorCode.None, null);
    }

    private static AlterPartitionReassignmentsResponse.Topic Answer(
        AlterPartitionReassignmentsRequest.Topic named, Func<AlterPartitionReassignmentsRequest.Partition, (ErrorCode Error, string? Detail)> check) => new()
        {
            Name = named.Name,
            Partitions = [.. named.Partitions.Select(partition => (partition.PartitionIndex, Outcome: check(partition)))
                .Select(one => new AlterPartitionReassignmentsResponse.Partition
                {
                    PartitionIndex = one.PartitionIndex,
                    ErrorCode = one.Outcome.Error,
                    ErrorMessage = one.Outcome.Error == ErrorCode.None ? null : one.Outcome.Detail ?? ErrorCodes.Describe(one.Outcome.Error).Text,
                })],
        };
}
