using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// OffsetForLeaderEpoch 2 to 4 (KIP-320): where the records of a leader end, for clients that check whether what they have read is part of the log. An epoch that is not reached
/// is answered −1 without an error. A partition that is named twice is answered once.
/// </summary>
/// <param name="lookup">Finds and asks partitions.</param>
internal sealed class OffsetForLeaderEpochHandler(PartitionLookup lookup)
    : KafkaHandler<OffsetForLeaderEpochRequest>(ApiKey.OffsetForLeaderEpoch, 2, 4)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, OffsetForLeaderEpochRequest request)
    {
        var answers = await PartitionAnswers.EachAsync(
            request.Topics, static topic => topic.Topic, static topic => topic.Partitions, static partition => partition.Partition,
            (topic, partition, _) => AskAsync(topic, partition, context.Gone), context.Gone);
        return new OffsetForLeaderEpochResponse
        {
            Topics = [.. answers.Select(static topic => new OffsetForLeaderEpochResponse.EpochTopic { Topic = topic.Name, Partitions = topic.Answers })],
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, OffsetForLeaderEpochRequest request, ErrorCode error) => new OffsetForLeaderEpochResponse
    {
        Topics = [.. request.Topics.Select(topic => new OffsetForLeaderEpochResponse.EpochTopic
        {
            Topic = topic.Topic,
            Partitions = [.. topic.Partitions.Select(partition => new OffsetForLeaderEpochResponse.EpochPartition { Partition = partition.Partition, ErrorCode = error })],
        })],
    };

    private async ValueTask<OffsetForLeaderEpochResponse.EpochPartition> AskAsync(
        string topic, OffsetForLeaderEpochRequest.EpochPartition asked, CancellationToken cancellation)
    {
        var (epoch, current) = (new LeaderEpoch(asked.LeaderEpoch), new LeaderEpoch(asked.CurrentLeaderEpoch));
        var (error, answer) = await lookup.AskAsync(topic, asked.Partition, grain => grain.EndOfEpoch(epoch, current), cancellation);
        return new OffsetForLeaderEpochResponse.EpochPartition
        {
            Partition = asked.Partition,
            ErrorCode = error,
            LeaderEpoch = answer?.End?.Epoch.Value ?? -1,
            EndOffset = answer?.End?.End.Value ?? -1,
        };
    }
}
