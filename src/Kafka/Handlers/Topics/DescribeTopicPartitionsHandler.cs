using Loire.Edge.Topics;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// DescribeTopicPartitions 0 (KIP-966): topics in the order of their names, with a bounded number of partitions and a cursor to what follows. No topics mean all. If
/// topics are named, the cursor must be in one of them. Leader epochs are unknown (−1), as in Metadata.
/// </summary>
/// <param name="brokers">The brokers.</param>
/// <param name="topics">The topics.</param>
internal sealed class DescribeTopicPartitionsHandler(Brokers brokers, TopicDirectory topics)
    : KafkaHandler<DescribeTopicPartitionsRequest>(ApiKey.DescribeTopicPartitions, 0, 0)
{
    /// <summary>Partitions in an answer at most (Kafka's <c>max.request.partition.size.limit</c>).</summary>
    private const int MaxPartitions = 2_000;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeTopicPartitionsRequest request)
    {
        var (cursor, gone) = (request.Cursor, context.Gone);
        if (cursor is not null
            && (cursor.PartitionIndex < 0 || (request.Topics.Length > 0 && request.Topics.All(topic => topic.Name != cursor.TopicName))))
        {
            return Refuse(context, request, ErrorCode.InvalidRequest);
        }

        IReadOnlyList<string> names;
        if (request.Topics.Length > 0)
        {
            names = [.. request.Topics.Select(topic => topic.Name).Distinct().Order(StringComparer.Ordinal)];
        }
        else
        {
            var (error, all) = await topics.ListAsync(gone);
            if (error != ErrorCode.None)
            {
                throw new CloseConnectionException($"The list of topics cannot be read: {error}.");
            }

            names = [.. all.Select(name => name.Value)];
        }

        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        List<DescribeTopicPartitionsResponse.Topic> answers = [];
        var left = Math.Clamp(request.ResponsePartitionLimit, 1, MaxPartitions);
        foreach (var name in names.Where(name => cursor is null || string.CompareOrdinal(name, cursor.TopicName) >= 0))
        {
            var first = name == cursor?.TopicName ? cursor.PartitionIndex : 0;
            if (left == 0)
            {
                return Answer(answers, name, first);
            }

            var lookup = await topics.FindAsync(name, gone);
            if (lookup.Error == ErrorCode.UnknownTopicOrPartition && request.Topics.Length == 0)
            {
                continue;
            }

            var answer = Describe(name, lookup, first, left, cluster);
            answers.Add(answer);
            left -= answer.Partitions.Length;
            if (lookup.Topic is { } topic && first + answer.Partitions.Length < topic.PartitionsCount)
            {
                return Answer(answers, name, first + answer.Partitions.Length);
            }
        }

        return new DescribeTopicPartitionsResponse { Topics = [.. answers] };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeTopicPartitionsRequest request, ErrorCode error) => new DescribeTopicPartitionsResponse
    {
        Topics = [.. request.Topics.Select(topic => topic.Name).Distinct().Select(name => new DescribeTopicPartitionsResponse.Topic { ErrorCode = error, Name = name })],
    };

    private static DescribeTopicPartitionsResponse Answer(List<DescribeTopicPartitionsResponse.Topic> answers, string next, int partition) =>
        new() { Topics = [.. answers], NextCursor = new() { TopicName = next, PartitionIndex = partition } };

    private static DescribeTopicPartitionsResponse.Topic Describe(string name, TopicLookup lookup, int first, int max, ReachableBrokers cluster) =>
        lookup.Topic is not { } topic
            ? new DescribeTopicPartitionsResponse.Topic
            {
                ErrorCode = TopicDirectory.ToClient(lookup.Error),
                Name = name,
                TopicAuthorizedOperations = AuthorizedOperations.OfTopic,
            }
            : new DescribeTopicPartitionsResponse.Topic
            {
                Name = name,
                TopicId = topic.Id.Value,
                IsInternal = topic.Name.IsInternal,
                TopicAuthorizedOperations = AuthorizedOperations.OfTopic,
                Partitions = [.. Enumerable.Range(first, Math.Clamp(topic.PartitionsCount - first, 0, max))
                    .Select(partition => Describe(partition, cluster.LeaderFor(topic.LeaderOf(partition))))],
            };

    private static DescribeTopicPartitionsResponse.Partition Describe(int partition, int leader) => new()
    {
        PartitionIndex = partition,
        LeaderId = leader,
        ReplicaNodes = [leader],
        IsrNodes = [leader],
        EligibleLeaderReplicas = [],
        LastKnownElr = [],
    };
}
