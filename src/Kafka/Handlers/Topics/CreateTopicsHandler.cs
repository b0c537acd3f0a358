using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// CreateTopics 2 to 7. A topic that is named twice is answered once, with <see cref="ErrorCode.InvalidRequest"/>. With <c>validateOnly</c> the answer is that of a
/// creation, and nothing is created. Of a setting that is named twice the last value counts. The timeout is not looked at: a creation ends by itself.
/// </summary>
/// <param name="brokers">The brokers to which partitions may be assigned.</param>
/// <param name="topics">Creates the topics.</param>
/// <param name="options">Says how many partitions a topic has that is created without a number.</param>
internal sealed class CreateTopicsHandler(Brokers brokers, TopicDirectory topics, IOptions<KafkaEndpointOptions> options)
    : KafkaHandler<CreateTopicsRequest>(ApiKey.CreateTopics, 2, 7)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, CreateTopicsRequest request)
    {
        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        return new CreateTopicsResponse
        {
            Topics = await TopicDirectory.EachAsync(
                [.. request.Topics.GroupBy(topic => topic.Name)],
                async named => named.Count() > 1
                    ? Refused(named.Key, ErrorCode.InvalidRequest, "The topic is named twice.")
                    : await CreateAsync(named.First(), cluster, request.ValidateOnly)),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, CreateTopicsRequest request, ErrorCode error) =>
        new CreateTopicsResponse { Topics = [.. request.Topics.Select(topic => topic.Name).Distinct().Select(name => Refused(name, error, null))] };

    private async ValueTask<CreateTopicsResponse.Topic> CreateAsync(CreateTopicsRequest.Topic topic, ReachableBrokers cluster, bool validateOnly)
    {
        if (!TopicName.TryParse(topic.Name, out var name, out string? illegal))
        {
            return Refused(topic.Name, ErrorCode.InvalidTopicException, illegal);
        }

        if (Array.Find(topic.Configs, config => config.Value is null) is { Name.Length: > 0 } none)
        {
            return Refused(topic.Name, ErrorCode.InvalidConfig, $"The setting {none.Name} has no value.");
        }

        var (count, replicas) = (topic.NumPartitions == -1 ? options.Value.PartitionsCount : topic.NumPartitions, topic.ReplicationFactor);
        if (topic.Assignments.Length > 0)
        {
            if (topic.NumPartitions != -1 || topic.ReplicationFactor != -1)
            {
                return Refused(topic.Name, ErrorCode.InvalidRequest, "A topic has a number of partitions and replicas, or an assignment of them.");
            }

            if (Problem(topic.Assignments, cluster) is { } problem)
            {
                return Refused(topic.Name, ErrorCode.InvalidReplicaAssignment, problem);
            }

            count = topic.Assignments.Length;
        }

        var created = await topics.ChangeAsync(name, grain => grain.Create(new CreateTopicRequest(
            count, replicas, [.. topic.Configs.GroupBy(config => config.Name).Select(same => KeyValuePair.Create(same.Key, same.Last().Value!))], validateOnly)));
        if (created.Topic is not { } described)
        {
            return Refused(topic.Name, created.Error, created.Detail);
        }

        if (!validateOnly)
        {
            topics.Learn(described);
        }

        return new CreateTopicsResponse.Topic
        {
            Name = topic.Name,
            TopicId = described.Id.Value,
            NumPartitions = described.PartitionsCount,
            ReplicationFactor = described.ReplicationFactor,
            Configs = [.. described.Configs.Select(config => new CreateTopicsResponse.Config
            {
                Name = config.Name, Value = config.Value, ConfigSource = (sbyte)(config.IsDefault ? 5 : 1),
            })],
        };
    }

    private static string? Problem(CreateTopicsRequest.Assignment[] assignments, ReachableBrokers cluster) =>
        assignments.Select(one => one.PartitionIndex).Order().SequenceEqual(Enumerable.Range(0, assignments.Length))
            ? assignments.Select(one => Assignments.Problem(one.BrokerIds, cluster)).FirstOrDefault(problem => problem is not null)
            : "The partitions that are assigned are not numbered from 0.";

    private static CreateTopicsResponse.Topic Refused(string name, ErrorCode error, string? detail) =>
        new() { Name = name, ErrorCode = error, ErrorMessage = detail ?? ErrorCodes.Describe(error).Text, Configs = [] };
}
