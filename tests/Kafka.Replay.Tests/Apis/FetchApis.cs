using System.Text.Json.Nodes;
using Loire.Edge.Offsets;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>Fetch without sessions, and ListOffsets.</summary>
internal sealed class FetchApis(TopicDirectory topics)
{
    private const long LatestTime = -1;
    private const long EarliestTime = -2;

    public async Task<JsonNode> FetchAsync(JsonObject body)
    {
        // What one partition has ends the wait for all, so only a single one may wait.
        var waits = body.Items("topics").SelectMany(entry => entry.Items("partitions")).Count() == 1;
        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["errorCode"] = 0,
            ["sessionId"] = 0,
            ["responses"] = await body.Items("topics").EachAsync(async entry =>
            {
                var topic = await topics.FindAsync(entry);
                return new JsonObject
                {
                    ["topic"] = entry.Text("topic"),
                    ["partitions"] = await entry.Items("partitions").EachAsync(partition => FetchAsync(body, waits, topic, partition)),
                };
            }),
        };
    }

    public async Task<JsonNode> ListOffsetsAsync(JsonObject body)
    {
        var isolation = (IsolationLevel)body.Int("isolationLevel", 0);
        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["topics"] = await body.Items("topics").EachAsync(async entry =>
            {
                var topic = await topics.FindAsync(entry);
                return new JsonObject
                {
                    ["name"] = entry.Text("name"),
                    ["partitions"] = await entry.Items("partitions").EachAsync(partition => ListAsync(isolation, topic, partition)),
                };
            }),
        };
    }

    private async Task<JsonNode> FetchAsync(JsonObject body, bool waits, TopicDescription? topic, JsonNode entry)
    {
        var (index, isolation) = (entry.Int("partition"), (IsolationLevel)body.Int("isolationLevel", 0));
        if (topics.Partition(topic, index) is not { } partition)
        {
            return Fetched(index, ErrorCode.UnknownTopicOrPartition, isolation, null);
        }

        var request = new FetchRequest(
            entry.Long("fetchOffset"), entry.Int("partitionMaxBytes"), waits ? body.Int("minBytes") : 0,
            waits ? TimeSpan.FromMilliseconds(body.Int("maxWaitMs")) : TimeSpan.Zero, isolation);
        var result = await partition.Fetch(request, CancellationToken.None);
        return Fetched(index, result.Error, isolation, result.Error == ErrorCode.None ? result : null);
    }

    private static JsonObject Fetched(int index, ErrorCode error, IsolationLevel isolation, FetchResult? result) => new()
    {
        ["partitionIndex"] = index,
        ["errorCode"] = (int)error,
        ["highWatermark"] = (result?.Bounds.HighWatermark ?? Offset.None).Value,
        ["lastStableOffset"] = (result?.Bounds.LastStable ?? Offset.None).Value,
        ["logStartOffset"] = (result?.Bounds.LogStart ?? Offset.None).Value,
        ["abortedTransactions"] = result is null || isolation == IsolationLevel.ReadUncommitted ? null : (result.Aborted ?? []).Select(one => new JsonObject
        {
            ["producerId"] = one.Producer,
            ["firstOffset"] = one.FirstOffset.Value,
        }).ToJson(),
        ["preferredReadReplica"] = -1,
        ["records"] = Convert.ToBase64String([.. (result?.Batches ?? []).SelectMany(piece => piece.ToArray())]),
    };

    private async Task<JsonNode> ListAsync(IsolationLevel isolation, TopicDescription? topic, JsonNode entry)
    {
        var (index, time) = (entry.Int("partitionIndex"), entry.Long("timestamp"));
        if (topics.Partition(topic, index) is not { } partition)
        {
            return Listed(index, ErrorCode.UnknownTopicOrPartition, Offset.None, Timestamp.None, LeaderEpoch.None);
        }

        if (time >= 0)
        {
            var found = OffsetLookup.Find(await partition.FindBatch(new Timestamp(time)), new Timestamp(time), isolation);
            return Listed(index, found.Error, found.Offset, found.Timestamp, found.Bounds.Epoch);
        }

        var bounds = await partition.Offsets();
        return time switch
        {
            LatestTime => Listed(index, bounds.Error, bounds.End(isolation), Timestamp.None, bounds.Epoch),
            EarliestTime => Listed(index, bounds.Error, bounds.LogStart, Timestamp.None, bounds.Epoch),
            _ => Listed(index, ErrorCode.UnsupportedVersion, Offset.None, Timestamp.None, LeaderEpoch.None),
        };
    }

    private static JsonObject Listed(int index, ErrorCode error, Offset offset, Timestamp time, LeaderEpoch epoch) => new()
    {
        ["partitionIndex"] = index,
        ["errorCode"] = (int)error,
        ["timestamp"] = time.Milliseconds,
        ["offset"] = offset.Value,
        ["leaderEpoch"] = epoch.Value,
    };
}
