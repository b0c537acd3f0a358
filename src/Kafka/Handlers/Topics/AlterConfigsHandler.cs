using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// AlterConfigs 0 to 2: replaces the settings of a topic; what is not named returns to its default. A resource that is named twice is refused each time with
/// <see cref="ErrorCode.InvalidRequest"/>, where Kafka never answers.
/// </summary>
/// <param name="changes">Changes the topics.</param>
internal sealed class AlterConfigsHandler(ConfigChanges changes) : KafkaHandler<AlterConfigsRequest>(ApiKey.AlterConfigs, 0, 2)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, AlterConfigsRequest request)
    {
        var twice = request.Resources.GroupBy(Identity).Where(same => same.Count() > 1).Select(same => same.Key).ToHashSet();
        return new AlterConfigsResponse
        {
            Responses = await TopicDirectory.EachAsync(request.Resources, async resource =>
            {
                var (error, detail) = twice.Contains(Identity(resource)) ? (ErrorCode.InvalidRequest, "The resource is named twice.")
                    : ConfigResources.Refusal(resource.ResourceType, resource.ResourceName)
                    ?? await changes.MakeAsync(
                        resource.ResourceName,
                        [.. resource.Configs.Select(config => new ConfigChange(ConfigChange.Set, config.Name, config.Value))],
                        replaces: true, request.ValidateOnly);
                return Answer(resource, error, detail);
            }),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, AlterConfigsRequest request, ErrorCode error) =>
        new AlterConfigsResponse { Responses = [.. request.Resources.Select(resource => Answer(resource, error, null))] };

    private static (sbyte Type, string Name) Identity(AlterConfigsRequest.Resource resource) => (resource.ResourceType, resource.ResourceName);

    private static AlterConfigsResponse.Resource Answer(AlterConfigsRequest.Resource resource, ErrorCode error, string? detail) => new()
    {
        ErrorCode = error,
        ErrorMessage = error == ErrorCode.None ? null : detail ?? ErrorCodes.Describe(error).Text,
        ResourceType = resource.ResourceType,
        ResourceName = resource.ResourceName,
    };
}
