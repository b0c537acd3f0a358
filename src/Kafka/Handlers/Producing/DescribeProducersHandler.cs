using Loire.Edge.Calls;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>DescribeProducers 0 (KIP-664): the idempotent producers that partitions remember, and where their open transactions begin.</summary>
/// <param name="topics">Finds topics.</param>
internal sealed class DescribeProducersHandler(TopicCache topics) : KafkaHandler<DescribeProducersRequest>(ApiKey.DescribeProducers, 0, 0)
{
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    // An administrator's request may name every partition there is: they are asked a few at a time.
    private const int AtATime = 64;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeProducersRequest request)
    {
        var answer = new DescribeProducersResponse { Topics = new DescribeProducersResponse.Topic[request.Topics.Length] };
        for (var i = 0; i < request.Topics.Length; i++)
        {
            var topic = request.Topics[i];
            answer.Topics[i] = new DescribeProducersResponse.Topic { Name = topic.Name, Partitions = await DescribeAsync(topic, context.Gone) };
        }

        return answer;
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeProducersRequest request, ErrorCode error) => new DescribeProducersResponse
    {
        Topics = [.. request.Topics.Select(topic => new DescribeProducersResponse.Topic
        {
            Name = topic.Name,
            Partitions = [.. topic.PartitionIndexes.Select(index => Failed(index, error))],
        })],
    };

    private async Task<DescribeProducersResponse.Partition[]> DescribeAsync(DescribeProducersRequest.Topic topic, CancellationToken gone)
    {
        var lookup = TopicName.TryParse(topic.Name, out var name, out string? _)
            ? await topics.FindAsync(name, TopicCache.Fresh, LookupTimeout, gone)
            : new TopicLookup(null, ErrorCode.UnknownTopicOrPartition);
        List<DescribeProducersResponse.Partition> described = new(topic.PartitionIndexes.Length);
        foreach (var some in topic.PartitionIndexes.Chunk(AtATime))
        {
            described.AddRange(await Task.WhenAll(some.Select(index => DescribeAsync(lookup, index))));
        }

        return [.. described];
    }

    private static async Task<DescribeProducersResponse.Partition> DescribeAsync(TopicLookup topic, int index)
    {
        if (topic.Topic is not { } routes || index < 0 || index >= routes.PartitionsCount)
        {
            return Failed(index, topic.Topic is null ? topic.Error : ErrorCode.UnknownTopicOrPartition);
        }

        try
        {
            var result = await routes.Partition(index).Producers();
            return new DescribeProducersResponse.Partition
            {
                PartitionIndex = index,
                ErrorCode = TopicRoutes.IsUnknown(result.Error) ? ErrorCode.UnknownTopicOrPartition : result.Error,
                ActiveProducers = [.. result.Producers.Select(Describe)],
            };
        }
        catch (Exception exception) when (GrainCallErrors.Of(exception) is { } error)
        {
            return Failed(index, error);
        }
    }

    private static DescribeProducersResponse.ActiveProducer Describe(ProducerDescription producer) => new()
    {
        ProducerId = producer.Producer.Id,
        ProducerEpoch = producer.Producer.Epoch,
        LastSequence = producer.LastSequence,
        LastTimestamp = producer.LastTimestamp.Milliseconds,
        CoordinatorEpoch = producer.HasEnded ? 0 : -1,
        CurrentTxnStartOffset = producer.TransactionStart.Value,
    };

    private static DescribeProducersResponse.Partition Failed(int index, ErrorCode error) => new() { PartitionIndex = index, ErrorCode = error };
}
