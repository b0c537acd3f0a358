using System.Globalization;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// DescribeConfigs 1 to 4: the settings of topics, each with its value, where that comes from, type, default and documentation; and what the node that answers was
/// started with. No keys mean all; keys that do not exist are left out. A broker has few settings, and there are no cluster-wide ones, so the broker "" has none; nor have its
/// loggers, groups and subscriptions to metrics any, of which Kafka does not ask either whether they exist.
/// </summary>
/// <param name="topics">The topics.</param>
/// <param name="options">What the node was started with.</param>
internal sealed class DescribeConfigsHandler(TopicDirectory topics, IOptions<KafkaEndpointOptions> options)
    : KafkaHandler<DescribeConfigsRequest>(ApiKey.DescribeConfigs, 1, 4)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeConfigsRequest request) => new DescribeConfigsResponse
    {
        Results = await TopicDirectory.EachAsync(request.Resources, async resource =>
        {
            var (error, detail, configs) = await DescribeAsync(resource);
            return new DescribeConfigsResponse.Result
            {
                ErrorCode = error,
                ErrorMessage = error == ErrorCode.None ? "" : detail ?? ErrorCodes.Describe(error).Text,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
                Configs = [.. configs.Where(config => resource.ConfigurationKeys is not { Length: > 0 } keys || keys.Contains(config.Name))
                    .Select(config => Shown(config, request))],
            };
        }),
    };

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeConfigsRequest request, ErrorCode error) => new DescribeConfigsResponse
    {
        Results = [.. request.Resources.Select(resource => new DescribeConfigsResponse.Result
        {
            ErrorCode = error, ResourceType = resource.ResourceType, ResourceName = resource.ResourceName,
        })],
    };

    private async ValueTask<(ErrorCode Error, string? Detail, IEnumerable<DescribeConfigsResponse.Config> Configs)> DescribeAsync(
        DescribeConfigsRequest.Resource resource)
    {
        switch (resource.ResourceType)
        {
            case ConfigResources.Topic:
                var result = await topics.DescribeConfigsAsync(resource.ResourceName);
                return (result.Error, result.Detail, result.Configs.Select(Describe));
            case ConfigResources.Broker when resource.ResourceName.Length == 0:
                return (ErrorCode.None, null, []);
            case ConfigResources.Broker when resource.ResourceName == Text(options.Value.NodeId):
                return (ErrorCode.None, null, OfNode());
            case ConfigResources.Broker:
            case ConfigResources.BrokerLogger when resource.ResourceName != Text(options.Value.NodeId):
                return (ErrorCode.InvalidRequest, $"A broker describes itself; this one is {options.Value.NodeId}.", []);
            case ConfigResources.ClientMetrics or ConfigResources.Group when resource.ResourceName.Length == 0:
                return (ErrorCode.InvalidRequest, "The resource has no name.", []);
            case ConfigResources.BrokerLogger or ConfigResources.ClientMetrics or ConfigResources.Group:
                return (ErrorCode.None, null, []);
            default:
                return (ErrorCode.InvalidRequest, $"Resources of type {resource.ResourceType} have no settings.", []);
        }
    }

    private static DescribeConfigsResponse.Config Describe(TopicConfigDescription config)
    {
        List<DescribeConfigsResponse.Synonym> synonyms = [];
        if (!config.IsDefault)
        {
            synonyms.Add(new() { Name = config.Name, Value = config.Value, Source = ConfigResources.OfTopic });
        }

        if (ConfigSynonyms.Of(config.Name) is { } synonym)
        {
            if (ConfigSynonyms.IsOfCluster(config.Name))
            {
                synonyms.Add(new() { Name = synonym, Value = config.Default, Source = ConfigResources.OfCluster });
            }

            synonyms.Add(new() { Name = synonym, Value = config.Default, Source = ConfigResources.OfDefault });
        }

        return new DescribeConfigsResponse.Config
        {
            Name = config.Name,
            Value = config.Value,
            ConfigSource = config.IsDefault ? ConfigResources.OfDefault : ConfigResources.OfTopic,
            Synonyms = [.. synonyms],
            ConfigType = (sbyte)config.Type,
            Documentation = config.NoEffect is { } reason ? $"{config.Documentation} Without effect: {reason}" : config.Documentation,
        };
    }

    private IEnumerable<DescribeConfigsResponse.Config> OfNode() =>
    [
        OfNode(
            "auto.create.topics.enable", options.Value.CreatesTopics ? "true" : "false", "true", ConfigValueType.Boolean,
            "Whether topics that clients ask for are created."),
        OfNode("broker.id", Text(options.Value.NodeId), "0", ConfigValueType.Int, "The broker's id."),
        OfNode("default.replication.factor", "1", "1", ConfigValueType.Int, "The replicas of a partition: the store does the replication."),
        OfNode(
            "num.partitions", Text(options.Value.PartitionsCount), "1", ConfigValueType.Int, "The partitions of topics that are created without a number.",
            isGiven: true),
    ];

    private static DescribeConfigsResponse.Config OfNode(string name, string value, string byDefault, ConfigValueType type, string documentation, bool isGiven = false)
    {
        isGiven |= value != byDefault;
        DescribeConfigsResponse.Synonym[] given = !isGiven ? [] : [new() { Name = name, Value = value, Source = ConfigResources.OfNode }];
        return new DescribeConfigsResponse.Config
        {
            Name = name,
            Value = value,
            ReadOnly = true,
            ConfigSource = isGiven ? ConfigResources.OfNode : ConfigResources.OfDefault,
            Synonyms = [.. given, new() { Name = name, Value = byDefault, Source = ConfigResources.OfDefault }],
            ConfigType = (sbyte)type,
            Documentation = documentation,
        };
    }

    private static DescribeConfigsResponse.Config Shown(DescribeConfigsResponse.Config config, DescribeConfigsRequest request)
    {
        config.Synonyms = request.IncludeSynonyms ? config.Synonyms : [];
        config.Documentation = request.IncludeDocumentation ? config.Documentation : null;
        return config;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
