using System.Text.Json.Serialization;
using Loire.WebApi.Groups;
using Loire.WebApi.Groups.Members;
using Loire.WebApi.Topics;

namespace Loire.WebApi.Requests;

/// <summary>
/// Every document but records. Strict on the way in: an unknown or repeated member is an error that names it, because it is nearly always a
/// misspelt setting.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(CreateTopicJson))]
[JsonSerializable(typeof(TopicJson))]
[JsonSerializable(typeof(TopicNameJson[]))]
[JsonSerializable(typeof(AddPartitionsJson))]
[JsonSerializable(typeof(TopicConfigJson))]
[JsonSerializable(typeof(TopicConfigJson[]))]
[JsonSerializable(typeof(ConfigValueJson))]
[JsonSerializable(typeof(AlterConfigsJson))]
[JsonSerializable(typeof(PartitionJson[]))]
[JsonSerializable(typeof(PartitionStateJson))]
[JsonSerializable(typeof(OffsetsJson))]
[JsonSerializable(typeof(OffsetAtTimeJson))]
[JsonSerializable(typeof(BrokerJson[]))]
[JsonSerializable(typeof(GroupIdJson[]))]
[JsonSerializable(typeof(GroupJson))]
[JsonSerializable(typeof(GroupOffsetJson[]))]
[JsonSerializable(typeof(CommitOffsetsJson))]
[JsonSerializable(typeof(DeleteOffsetsJson))]
[JsonSerializable(typeof(ResetOffsetsJson))]
[JsonSerializable(typeof(OffsetResetJson[]))]
[JsonSerializable(typeof(CreateMemberJson))]
[JsonSerializable(typeof(ConsumerJson))]
[JsonSerializable(typeof(MemberJson[]))]
[JsonSerializable(typeof(SubscribeJson))]
[JsonSerializable(typeof(AssignJson))]
[JsonSerializable(typeof(MemberOffsetsJson))]
[JsonSerializable(typeof(PositionsJson))]
internal sealed partial class DocumentJson : JsonSerializerContext;
