using System.Text.Json.Serialization;
using Loire.WebApi.Dialects.V2.Consumers;
using Loire.WebApi.Dialects.V2.Produce;
using Loire.WebApi.Dialects.V2.Topics;

namespace Loire.WebApi.Dialects.V2;

/// <summary>Every document of the dialect but records. An unknown member is refused, as Confluent's proxy does.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    AllowDuplicateProperties = false,
    UseStringEnumConverter = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(V2ErrorJson))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(V2TopicJson))]
[JsonSerializable(typeof(V2PartitionJson))]
[JsonSerializable(typeof(V2PartitionJson[]))]
[JsonSerializable(typeof(V2BoundsJson))]
[JsonSerializable(typeof(V2BrokersJson))]
[JsonSerializable(typeof(V2CreateTopicJson))]
[JsonSerializable(typeof(V2NothingJson))]
[JsonSerializable(typeof(V2ProducedJson))]
[JsonSerializable(typeof(V2CreateInstanceJson))]
[JsonSerializable(typeof(V2InstanceJson))]
[JsonSerializable(typeof(InstanceDialect))]
[JsonSerializable(typeof(V2SubscriptionJson))]
[JsonSerializable(typeof(V2SubscribedJson))]
[JsonSerializable(typeof(V2PartitionsJson))]
[JsonSerializable(typeof(V2OffsetsJson))]
[JsonSerializable(typeof(V2CommittedOffsetsJson))]
[JsonSerializable(typeof(V2PositionsJson))]
internal sealed partial class V2Json : JsonSerializerContext;

/// <summary>An error.</summary>
internal sealed record V2ErrorJson(int ErrorCode, string Message);

/// <summary>An object without members.</summary>
internal sealed record V2NothingJson;
