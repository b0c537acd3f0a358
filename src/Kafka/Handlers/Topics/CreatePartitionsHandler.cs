using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// CreatePartitions 0 to 3: raises the number of partitions to a new total. Every topic of the request is in the answer; one that is named twice once, with
/// <see cref="ErrorCode.InvalidRequest"/>.
/// </summary>
/// <param name="brokers">The brokers to which partitions may be assigned.</param>
/// <param name="topics">Changes the topics.</param>
internal sealed class CreatePartitionsHandler(Brokers brokers, TopicDirectory topics) : KafkaHandler<CreatePartitionsRequest>(ApiKey.CreatePartitions, 0, 3)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, CreatePartitionsRequest request)
    {
        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        return new CreatePartitionsResponse
        {
            Results = await TopicDirectory.EachAsync(
                [.. request.Topics.GroupBy(topic => topic.Name)],
                async named =>
                {
                    var (error, detail) = named.Count() > 1
                        ? (ErrorCode.InvalidRequest, "The topic is named twice.")
                        : await AddAsync(named.First(), cluster, request.ValidateOnly);
                    return Answer(named.Key, error, detail);
                }),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, CreatePartitionsRequest request, ErrorCode error) =>
        new CreatePartitionsResponse { Results = [.. request.Topics.Select(topic => topic.Name).Distinct().Select(name => Answer(name, error, null))] };

    private async ValueTask<(ErrorCode Error, string? Detail)> AddAsync(CreatePartitionsRequest.Topic topic, ReachableBrokers cluster, bool validateOnly)
    {
        var lookup = await topics.FindAsync(topic.Name, CancellationToken.None);
        if (lookup.Topic is not { } known)
        {
            return (lookup.Error == ErrorCode.InvalidTopicException ? ErrorCode.UnknownTopicOrPartition : lookup.Error, lookup.Detail);
        }

        if (topic.Assignments is { } assignments && topic.Count > known.PartitionsCount)
        {
            var problem = assignments.Length != topic.Count - known.PartitionsCount
                ? $"{topic.Count - known.PartitionsCount} partitions are added, and {assignments.Length} are assigned."
                : assignments.Select(one => Assignments.Problem(one.BrokerIds, cluster)).FirstOrDefault(problem => problem is not null);
            if (problem is not null)
            {
                return (ErrorCode.InvalidReplicaAssignment, problem);
            }
        }

        var changed = await topics.ChangeAsync(known.Name, grain => grain.AddPartitions(topic.Count, validateOnly));
        return (changed.Error, changed.Detail);
    }

    private static CreatePartitionsResponse.Result Answer(string name, ErrorCode error, string? detail) => new()
    {
        Name = name,
        ErrorCode = error,
        ErrorMessage = error == ErrorCode.None ? null : detail ?? ErrorCodes.Describe(error).Text,
    };
}
