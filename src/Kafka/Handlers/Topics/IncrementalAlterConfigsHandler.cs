using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// IncrementalAlterConfigs 0 to 1 (KIP-339): sets and resets settings of a topic, and appends to lists and subtracts from them. A resource that is named twice is refused
/// each time with <see cref="ErrorCode.InvalidRequest"/>.
/// </summary>
/// <param name="changes">Changes the topics.</param>
internal sealed class IncrementalAlterConfigsHandler(ConfigChanges changes) : KafkaHandler<IncrementalAlterConfigsRequest>(ApiKey.IncrementalAlterConfigs, 0, 1)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, IncrementalAlterConfigsRequest request)
    {
        var twice = request.Resources.GroupBy(Identity).Where(same => same.Count() > 1).Select(same => same.Key).ToHashSet();
        return new IncrementalAlterConfigsResponse
        {
            Responses = await TopicDirectory.EachAsync(request.Resources, async resource =>
            {
                var (error, detail) = twice.Contains(Identity(resource)) ? (ErrorCode.InvalidRequest, "The resource is named twice.")
                    : ConfigResources.Refusal(resource.ResourceType, resource.ResourceName)
                    ?? await changes.MakeAsync(
                        resource.ResourceName,
                        [.. resource.Configs.Select(config => new ConfigChange(config.ConfigOperation, config.Name, config.Value))],
                        replaces: false, request.ValidateOnly);
                return Answer(resource, error, detail);
            }),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, IncrementalAlterConfigsRequest request, ErrorCode error) =>
        new IncrementalAlterConfigsResponse { Responses = [.. request.Resources.Select(resource => Answer(resource, error, null))] };

    private static (sbyte Type, string Name) Identity(IncrementalAlterConfigsRequest.Resource resource) => (resource.ResourceType, resource.ResourceName);

    private static IncrementalAlterConfigsResponse.Resource Answer(IncrementalAlterConfigsRequest.Resource resource, ErrorCode error, string? detail) => new()
    {
        ErrorCode = error,
        ErrorMessage = error == ErrorCode.None ? null : detail ?? ErrorCodes.Describe(error).Text,
        ResourceType = resource.ResourceType,
        ResourceName = resource.ResourceName,
    };
}
