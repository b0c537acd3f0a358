using Loire.Edge.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>
/// AddPartitionsToTxn 0 to 3: adds partitions to the transaction of a producer of the first dialect, all or none of them: beside one that does not exist the others are
/// not attempted. Versions from 4 on are between brokers.
/// </summary>
/// <param name="topics">Finds topics.</param>
/// <param name="coordinators">Asks the coordinators of transactions.</param>
internal sealed class AddPartitionsToTxnHandler(TopicCache topics, Coordinators coordinators)
    : KafkaHandler<AddPartitionsToTxnRequest>(ApiKey.AddPartitionsToTxn, 0, 3)
{
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, AddPartitionsToTxnRequest request)
    {
        var (keys, unknown) = (new List<PartitionKey>(), new Dictionary<(string, int), ErrorCode>());
        foreach (var topic in request.V3AndBelowTopics)
        {
            // Asked anew, because an id of an earlier creation would make the coordinator wait for a partition that is gone.
            var lookup = TopicName.TryParse(topic.Name, out var name, out string? _)
                ? await topics.FindAsync(name, TopicCache.Fresh, LookupTimeout)
                : new TopicLookup(null, ErrorCode.UnknownTopicOrPartition);
            foreach (var partition in topic.Partitions)
            {
                if (lookup.Topic is { } routes && partition >= 0 && partition < routes.PartitionsCount)
                {
                    keys.Add(new PartitionKey(routes.Name, routes.Id, partition));
                }
                else
                {
                    unknown[(topic.Name, partition)] = lookup.Error is ErrorCode.None or ErrorCode.UnknownTopicOrPartition
                        ? ErrorCode.UnknownTopicOrPartition
                        : ErrorCode.CoordinatorNotAvailable;
                }
            }
        }

        var producer = new ProducerIdentity(request.V3AndBelowProducerId, request.V3AndBelowProducerEpoch);
        var error = unknown.Count > 0
            ? ErrorCode.OperationNotAttempted
            : await coordinators.EnlistAsync(request.V3AndBelowTransactionalId, producer, [.. keys.Distinct()], [], context.Version);
        return Answer(request, (topic, partition) => unknown.GetValueOrDefault((topic, partition), error));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, AddPartitionsToTxnRequest request, ErrorCode error) => Answer(request, (_, _) => error);

    private static AddPartitionsToTxnResponse Answer(AddPartitionsToTxnRequest request, Func<string, int, ErrorCode> error) => new()
    {
        ResultsByTopicV3AndBelow = [.. request.V3AndBelowTopics.GroupBy(static topic => topic.Name).Select(topic => new AddPartitionsToTxnResponse.TopicResult
        {
            Name = topic.Key,
            ResultsByPartition = [.. topic.SelectMany(static one => one.Partitions).Distinct().Select(partition => new AddPartitionsToTxnResponse.PartitionResult
            {
                PartitionIndex = partition,
                PartitionErrorCode = error(topic.Key, partition),
            })],
        })],
    };
}
