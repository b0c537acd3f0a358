using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// ElectLeaders 0 to 2: no partition ever needs an election, because each moves to its preferred leader by itself. Named ones are answered
/// <see cref="ErrorCode.ElectionNotNeeded"/>; of all partitions, only those would be listed that need one. There are two kinds of elections: of the preferred leader, and
/// of one whose log may lack something.
/// </summary>
/// <param name="topics">The topics.</param>
internal sealed class ElectLeadersHandler(TopicDirectory topics) : KafkaHandler<ElectLeadersRequest>(ApiKey.ElectLeaders, 0, 2)
{
    private const sbyte Preferred = 0;
    private const sbyte Unclean = 1;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ElectLeadersRequest request) =>
        request.ElectionType is not (Preferred or Unclean) ? Refuse(context, request, ErrorCode.InvalidRequest) : new ElectLeadersResponse
        {
            ReplicaElectionResults = await TopicDirectory.EachAsync(request.TopicPartitions ?? [], async named =>
            {
                var lookup = await topics.FindAsync(named.Topic, context.Gone);
                return Answer(
                    named,
                    partition => lookup.Topic is { } topic
                        ? partition >= 0 && partition < topic.PartitionsCount ? ErrorCode.ElectionNotNeeded : ErrorCode.UnknownTopicOrPartition
                        : lookup.Error == ErrorCode.InvalidTopicException ? ErrorCode.UnknownTopicOrPartition : lookup.Error);
            }),
        };

    protected override IKafkaMessage Refuse(HandlerContext context, ElectLeadersRequest request, ErrorCode error) => new ElectLeadersResponse
    {
        ErrorCode = error,
        ReplicaElectionResults = [.. (request.TopicPartitions ?? []).Select(named => Answer(named, _ => error))],
    };

    private static ElectLeadersResponse.TopicResult Answer(ElectLeadersRequest.TopicPartitionSet named, Func<int, ErrorCode> errorOf) => new()
    {
        Topic = named.Topic,
        PartitionResult = [.. named.Partitions.Select(partition => (Partition: partition, Error: errorOf(partition)))
            .Select(one => new ElectLeadersResponse.PartitionOutcome
            {
                PartitionId = one.Partition, ErrorCode = one.Error, ErrorMessage = ErrorCodes.Describe(one.Error).Text,
            })],
    };
}
