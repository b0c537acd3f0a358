using System.Globalization;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// ListConfigResources 0 to 1 (KIP-1142): the topics and brokers, which have settings. No types mean all; of the other types that Kafka has there is nothing. Version 0
/// asks for subscriptions to metrics of clients alone, of which there are none.
/// </summary>
/// <param name="brokers">The brokers.</param>
/// <param name="topics">The topics.</param>
internal sealed class ListConfigResourcesHandler(Brokers brokers, TopicDirectory topics)
    : KafkaHandler<ListConfigResourcesRequest>(ApiKey.ListConfigResources, 0, 1)
{
    private static readonly sbyte[] Known = [ConfigResources.Topic, ConfigResources.Broker, ConfigResources.BrokerLogger, ConfigResources.ClientMetrics, ConfigResources.Group];

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ListConfigResourcesRequest request)
    {
        if (context.Version == 0)
        {
            return new ListConfigResourcesResponse();
        }

        if (request.ResourceTypes.Except(Known).Any())
        {
            return Refuse(context, request, ErrorCode.UnsupportedVersion);
        }

        List<ListConfigResourcesResponse.ConfigResource> resources = [];
        if (IsAsked(ConfigResources.Topic))
        {
            var (error, names) = await topics.ListAsync(context.Gone);
            if (error != ErrorCode.None)
            {
                return Refuse(context, request, error);
            }

            resources.AddRange(names.Select(name => Resource(ConfigResources.Topic, name.Value)));
        }

        if (IsAsked(ConfigResources.Broker))
        {
            var cluster = await brokers.FindAsync(context.Connection.Advertised);
            resources.AddRange(cluster.All.Select(broker => Resource(ConfigResources.Broker, broker.Id.ToString(CultureInfo.InvariantCulture))));
        }

        return new ListConfigResourcesResponse { ConfigResources = [.. resources] };

        bool IsAsked(sbyte type) => request.ResourceTypes.Length == 0 || request.ResourceTypes.Contains(type);
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ListConfigResourcesRequest request, ErrorCode error) =>
        new ListConfigResourcesResponse { ErrorCode = error };

    private static ListConfigResourcesResponse.ConfigResource Resource(sbyte type, string name) => new() { ResourceType = type, ResourceName = name };
}
