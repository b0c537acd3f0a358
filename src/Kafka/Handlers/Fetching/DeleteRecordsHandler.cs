using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// DeleteRecords 0 to 2 (KIP-107): deletes the records before an offset, or with −1 all that are committed. Before the start of the log nothing is left to do, which is a
/// success. A deletion that was begun ends, although the client is gone; the timeout of the request is not looked at. A partition that is named twice is answered once.
/// </summary>
/// <param name="lookup">Finds and asks partitions.</param>
internal sealed class DeleteRecordsHandler(PartitionLookup lookup) : KafkaHandler<DeleteRecordsRequest>(ApiKey.DeleteRecords, 0, 2)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DeleteRecordsRequest request)
    {
        var answers = await PartitionAnswers.EachAsync(
            request.Topics, static topic => topic.Name, static topic => topic.Partitions, static partition => partition.PartitionIndex,
            (topic, partition, _) => DeleteAsync(topic, partition), CancellationToken.None);
        return new DeleteRecordsResponse
        {
            Topics = [.. answers.Select(static topic => new DeleteRecordsResponse.Topic { Name = topic.Name, Partitions = topic.Answers })],
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DeleteRecordsRequest request, ErrorCode error) => new DeleteRecordsResponse
    {
        Topics = [.. request.Topics.Select(topic => new DeleteRecordsResponse.Topic
        {
            Name = topic.Name,
            Partitions = [.. topic.Partitions.Select(partition => Failed(partition.PartitionIndex, error))],
        })],
    };

    private async ValueTask<DeleteRecordsResponse.Partition> DeleteAsync(string topic, DeleteRecordsRequest.Partition asked)
    {
        if (TopicName.TryParse(topic, out var name, out string? _) && name.IsInternal)
        {
            return Failed(asked.PartitionIndex, ErrorCode.InvalidTopicException);
        }

        var (error, bounds) = await lookup.AskAsync(
            topic, asked.PartitionIndex, grain => grain.DeleteRecords(asked.Offset, validateOnly: false), CancellationToken.None);
        return bounds is null
            ? Failed(asked.PartitionIndex, error)
            : new DeleteRecordsResponse.Partition { PartitionIndex = asked.PartitionIndex, LowWatermark = bounds.LogStart.Value };
    }

    private static DeleteRecordsResponse.Partition Failed(int index, ErrorCode error) => new() { PartitionIndex = index, ErrorCode = error, LowWatermark = -1 };
}
