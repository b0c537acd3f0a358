using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>Produce, and DescribeProducers.</summary>
internal sealed class ProduceApis(TopicDirectory topics)
{
    private const int FirstOfSecondDialect = 12;

    public async Task<JsonNode> ProduceAsync(int version, JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["responses"] = await body.Items("topicData").EachAsync(async data =>
        {
            var topic = await topics.FindAsync(data);
            return new JsonObject
            {
                ["name"] = data.Text("name"),
                ["partitionResponses"] = await data.Items("partitionData").EachAsync(partition => ProduceAsync(version, body, topic, partition)),
            };
        }),
    };

    public async Task<JsonNode> DescribeAsync(JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["topics"] = await body.Items("topics").EachAsync(async entry =>
        {
            var topic = await topics.FindAsync(entry);
            return new JsonObject
            {
                ["name"] = entry.Text("name"),
                ["partitions"] = await entry.Items("partitionIndexes").EachAsync(index => DescribeAsync(topic, index.GetValue<int>())),
            };
        }),
    };

    private async Task<JsonNode> ProduceAsync(int version, JsonObject body, TopicDescription? topic, JsonNode data)
    {
        var index = data.Int("index");
        if (topics.Partition(topic, index) is not { } partition)
        {
            return Produced(index, ErrorCode.UnknownTopicOrPartition, null);
        }

        var dialect = version < FirstOfSecondDialect ? TransactionVersion.V1 : TransactionVersion.V2;
        TransactionalId? transaction = body.Text("transactionalId") is { } id ? TransactionalId.Parse(id) : default(TransactionalId?);
        var request = new AppendRequest(
            Convert.FromBase64String(data.Text("records")!), (Acks)body.Int("acks"), AppendOrigin.Client, transaction, dialect);
        var result = await partition.Append(request);

        // The version before the second dialect knows an error that lets the producer abort and go on.
        var error = version == FirstOfSecondDialect - 1 && result.Error == ErrorCode.InvalidTxnState ? ErrorCode.TransactionAbortable : result.Error;
        return Produced(index, error, result);
    }

    private async Task<JsonNode> DescribeAsync(TopicDescription? topic, int index)
    {
        var result = topics.Partition(topic, index) is { } partition
            ? await partition.Producers()
            : new ProducersResult(ErrorCode.UnknownTopicOrPartition, []);
        return new JsonObject
        {
            ["partitionIndex"] = index,
            ["errorCode"] = (int)result.Error,
            ["activeProducers"] = result.Producers.Select(producer => new JsonObject
            {
                ["producerId"] = producer.Producer.Id,
                ["producerEpoch"] = producer.Producer.Epoch,
                ["lastSequence"] = producer.LastSequence,
                ["lastTimestamp"] = producer.LastTimestamp.Milliseconds,
                ["coordinatorEpoch"] = producer.HasEnded ? 0 : -1,
                ["currentTxnStartOffset"] = producer.TransactionStart.Value,
            }).ToJson(),
        };
    }

    private static JsonObject Produced(int index, ErrorCode error, AppendResult? result) => new()
    {
        ["index"] = index,
        ["errorCode"] = (int)error,
        ["baseOffset"] = (result?.BaseOffset ?? Offset.None).Value,
        ["logAppendTimeMs"] = (result?.LogAppendTime ?? Timestamp.None).Milliseconds,
        ["logStartOffset"] = (result?.LogStartOffset ?? Offset.None).Value,
        ["recordErrors"] = new JsonArray(),
    };
}
