using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>OffsetDelete 0: committed offsets of topics that no member subscribes to. A partition without an offset is no error.</summary>
/// <param name="topics">Finds the topics.</param>
/// <param name="groups">Calls the group.</param>
internal sealed class OffsetDeleteHandler(TopicDirectory topics, GroupCalls groups) : KafkaHandler<OffsetDeleteRequest>(ApiKey.OffsetDelete, 0, 0)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, OffsetDeleteRequest request)
    {
        await CommitOrder.Of(context).Commits;
        var found = await TopicDirectory.EachAsync(request.Topics, topic => topics.FindAsync(topic.Name, CancellationToken.None));
        TopicPartition[] partitions = [.. request.Topics.Zip(found).SelectMany(pair => pair.First.Partitions
            .Select(partition => Find(pair.Second, partition.PartitionIndex)).OfType<TopicPartition>())];
        var result = await groups.CallAsync(
            request.GroupId, group => group.DeleteOffsets(partitions), static error => new CommitResult(error, [], null));
        if (result.Error != ErrorCode.None)
        {
            return Refuse(context, request, result.Error);
        }

        var refused = result.Refused.DistinctBy(one => one.Partition).ToDictionary(one => one.Partition, one => one.Error);
        return new OffsetDeleteResponse
        {
            Topics = [.. request.Topics.Zip(found, (topic, lookup) => new OffsetDeleteResponse.Topic
            {
                Name = topic.Name,
                Partitions = Array.ConvertAll(topic.Partitions, partition => new OffsetDeleteResponse.Partition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = Find(lookup, partition.PartitionIndex) is { } key ? refused.GetValueOrDefault(key)
                        : lookup.Topic is null && lookup.Error is not (ErrorCode.UnknownTopicOrPartition or ErrorCode.InvalidTopicException)
                            ? GroupCalls.ForClient(lookup.Error)
                        : ErrorCode.UnknownTopicOrPartition,
                }),
            })],
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, OffsetDeleteRequest request, ErrorCode error) =>
        new OffsetDeleteResponse { ErrorCode = GroupCalls.ForClient(error) };

    private static TopicPartition? Find(TopicLookup lookup, int partition) =>
        lookup.Topic is { } topic && partition >= 0 && partition < topic.PartitionsCount ? new TopicPartition(topic.Name, partition) : null;
}
