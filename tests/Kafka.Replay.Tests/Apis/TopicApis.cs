using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>CreateTopics, and FindCoordinator.</summary>
internal sealed class TopicApis(IGrainFactory grains)
{
    public async Task<JsonNode> CreateAsync(JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["topics"] = await body.Items("topics").EachAsync(topic => CreateAsync(topic, body.Flag("validateOnly"))),
    };

    /// <summary>Every broker finds every coordinator, so the one that is asked would answer with itself.</summary>
    public async Task<JsonNode> FindCoordinatorAsync(JsonObject body)
    {
        var cluster = await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Describe();
        var error = body.Int("keyType", 0) switch
        {
            0 or 1 => ErrorCode.None,
            2 => ErrorCode.CoordinatorNotAvailable,
            _ => ErrorCode.InvalidRequest,
        };
        var broker = error == ErrorCode.None ? cluster.Brokers[0].Id : -1;
        var answer = Coordinator(broker, null, error);
        answer["throttleTimeMs"] = 0;
        answer["coordinators"] = body.Items("coordinatorKeys").Select(key => Coordinator(broker, key.GetValue<string>(), error)).ToJson();
        return answer;
    }

    private async Task<JsonNode> CreateAsync(JsonNode topic, bool validateOnly)
    {
        var name = topic.Text("name");
        if (!TopicName.TryParse(name, out var legal, out string? _))
        {
            return Created(name, ErrorCode.InvalidTopicException, null);
        }

        var configs = topic.Items("configs").Select(config => KeyValuePair.Create(config.Text("name")!, config.Text("value")!)).ToArray();
        var result = await grains.GetGrain<ITopicGrain>(legal.Value).Create(
            new CreateTopicRequest(topic.Int("numPartitions"), (short)topic.Int("replicationFactor"), configs, validateOnly));
        return Created(name, result.Error, result.Topic);
    }

    private static JsonObject Created(string? name, ErrorCode error, TopicDescription? topic) => new()
    {
        ["name"] = name,
        ["topicId"] = TopicDirectory.IdOf(topic?.Id ?? default),
        ["errorCode"] = (int)error,
        ["numPartitions"] = topic?.PartitionsCount ?? -1,
        ["replicationFactor"] = topic?.ReplicationFactor ?? -1,
        ["configs"] = (topic?.Configs ?? []).Select(config => new JsonObject
        {
            ["name"] = config.Name,
            ["value"] = config.Value,
            ["readOnly"] = false,
            ["configSource"] = config.IsDefault ? 5 : 1,
            ["isSensitive"] = false,
        }).ToJson(),
    };

    private static JsonObject Coordinator(int broker, string? key, ErrorCode error) => new()
    {
        ["key"] = key,
        ["nodeId"] = broker,
        ["host"] = "localhost",
        ["port"] = 0,
        ["errorCode"] = (int)error,
    };
}
