using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>ListPartitionReassignments 0: there is never one, because a partition has one replica, and the store keeps its log.</summary>
internal sealed class ListPartitionReassignmentsHandler()
    : KafkaHandler<ListPartitionReassignmentsRequest>(ApiKey.ListPartitionReassignments, 0, 0)
{
    protected override ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ListPartitionReassignmentsRequest request) =>
        new(new ListPartitionReassignmentsResponse());

    protected override IKafkaMessage Refuse(HandlerContext context, ListPartitionReassignmentsRequest request, ErrorCode error) =>
        new ListPartitionReassignmentsResponse { ErrorCode = error };
}
