using Loire.Edge.Offsets;
using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// ListOffsets 1 to 11: the ends of logs, and the first record at or after a time, each up to the high watermark or with read_committed the last stable offset. No such
/// record is offset −1 without an error, and so is what asks for a second tier of storage. A partition that is named twice is refused, once.
/// <para>
/// Other than in Kafka: the epoch of the leader is told of a log's end and of records that were found; of the earliest offset only while there has been one leader. A record
/// that was deleted is not found by −3.
/// </para>
/// </summary>
/// <param name="lookup">Finds and asks partitions.</param>
internal sealed class ListOffsetsHandler(PartitionLookup lookup) : KafkaHandler<ListOffsetsRequest>(ApiKey.ListOffsets, 1, 11)
{
    /// <summary>Words among the timestamps, with the version that brought each.</summary>
    private const long Latest = -1, Earliest = -2, Newest = -3, EarliestLocal = -4, LatestTiered = -5, EarliestPending = -6;

    private const short NewestSince = 7, EarliestLocalSince = 8, LatestTieredSince = 9, EarliestPendingSince = 11;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ListOffsetsRequest request)
    {
        var isolation = request.IsolationLevel == (sbyte)IsolationLevel.ReadCommitted ? IsolationLevel.ReadCommitted : IsolationLevel.ReadUncommitted;
        var answers = await PartitionAnswers.EachAsync(
            request.Topics, static topic => topic.Name, static topic => topic.Partitions, static partition => partition.PartitionIndex,
            async (topic, partition, isRepeated) => isRepeated
                ? Failed(partition, ErrorCode.InvalidRequest)
                : await ListAsync(context.Version, topic, partition, isolation, context.Gone),
            context.Gone);
        return new ListOffsetsResponse { Topics = [.. answers.Select(static topic => new ListOffsetsResponse.Topic { Name = topic.Name, Partitions = topic.Answers })] };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ListOffsetsRequest request, ErrorCode error) => new ListOffsetsResponse
    {
        Topics = [.. request.Topics.Select(topic => new ListOffsetsResponse.Topic
        {
            Name = topic.Name,
            Partitions = [.. topic.Partitions.Select(partition => Failed(partition, error))],
        })],
    };

    private async ValueTask<ListOffsetsResponse.Partition> ListAsync(
        short version, string topic, ListOffsetsRequest.Partition asked, IsolationLevel isolation, CancellationToken cancellation)
    {
        var (index, time) = (asked.PartitionIndex, asked.Timestamp);
        if (time < EarliestPending || (time == Newest && version < NewestSince) || (time == EarliestLocal && version < EarliestLocalSince)
            || (time == LatestTiered && version < LatestTieredSince) || (time == EarliestPending && version < EarliestPendingSince))
        {
            return Failed(asked, ErrorCode.UnsupportedVersion);
        }

        if (asked.CurrentLeaderEpoch != LeaderEpoch.None.Value)
        {
            var current = new LeaderEpoch(asked.CurrentLeaderEpoch);
            var (refused, _) = await lookup.AskAsync(topic, index, grain => grain.EndOfEpoch(current, current), cancellation);
            if (refused != ErrorCode.None)
            {
                return Failed(asked, refused);
            }
        }

        if (time is Latest or Earliest or EarliestLocal or LatestTiered or EarliestPending)
        {
            var (failed, bounds) = await lookup.AskAsync(topic, index, static grain => grain.Offsets(), cancellation);
            return bounds is null ? Failed(asked, failed)
                : time is LatestTiered or EarliestPending ? Answer(asked, Timestamp.None, Offset.None, LeaderEpoch.None)
                : time == Latest ? Answer(asked, Timestamp.None, bounds.End(isolation), EpochOf(bounds))
                : Answer(asked, Timestamp.None, bounds.LogStart, EpochOf(bounds) is { Value: 0 } only ? only : LeaderEpoch.None);
        }

        var (error, found) = await lookup.AskAsync(
            topic, index, grain => time == Newest ? grain.FindNewest() : grain.FindBatch(new Timestamp(time)), cancellation);
        if (found is null)
        {
            return Failed(asked, error);
        }

        var record = time == Newest ? OffsetLookup.FindNewest(found, isolation) : OffsetLookup.Find(found, new Timestamp(time), isolation);
        return record.IsFound ? Answer(asked, record.Timestamp, record.Offset, record.Epoch) : Answer(asked, Timestamp.None, Offset.None, LeaderEpoch.None);
    }

    /// <summary>A log that nobody has written to is that of its first leader.</summary>
    private static LeaderEpoch EpochOf(PartitionOffsets bounds) => bounds.Epoch == LeaderEpoch.None ? new LeaderEpoch(0) : bounds.Epoch;

    private static ListOffsetsResponse.Partition Answer(ListOffsetsRequest.Partition asked, Timestamp time, Offset offset, LeaderEpoch epoch) => new()
    {
        PartitionIndex = asked.PartitionIndex,
        Timestamp = time.Milliseconds,
        Offset = offset.Value,
        LeaderEpoch = epoch.Value,
    };

    private static ListOffsetsResponse.Partition Failed(ListOffsetsRequest.Partition asked, ErrorCode error) => new()
    {
        PartitionIndex = asked.PartitionIndex,
        ErrorCode = error,
    };
}
