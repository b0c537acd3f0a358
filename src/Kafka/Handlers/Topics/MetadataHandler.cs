using Loire.Edge.Topics;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// Metadata 0 to 13: the brokers, and topics with the leaders of their partitions. No list means all topics, in version 0 an empty one. If a topic is named by its id,
/// entries with names are dropped; a topic that is named twice is answered once.
/// <para>
/// Deviations: a topic that is created for the request is answered whole, where Kafka says that it is unknown and expects the client to ask again. Leader epochs are
/// unknown (−1): they would have to be asked of each partition, and clients hold an epoch that falls for outdated metadata.
/// </para>
/// </summary>
/// <param name="brokers">The brokers.</param>
/// <param name="topics">The topics.</param>
internal sealed class MetadataHandler(Brokers brokers, TopicDirectory topics) : KafkaHandler<MetadataRequest>(ApiKey.Metadata, 0, 13)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, MetadataRequest request)
    {
        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        var operations = request.IncludeTopicAuthorizedOperations ? AuthorizedOperations.OfTopic : AuthorizedOperations.NotAsked;
        return new MetadataResponse
        {
            Brokers = [.. cluster.All.Select(broker => new MetadataResponse.Broker
            {
                NodeId = broker.Id, Host = broker.Address.Host, Port = broker.Address.Port, Rack = broker.Rack,
            })],
            ClusterId = cluster.ClusterId,
            ControllerId = cluster.ControllerId,
            Topics = await TopicsAsync(context, request, cluster, operations),
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations ? AuthorizedOperations.OfCluster : AuthorizedOperations.NotAsked,
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, MetadataRequest request, ErrorCode error) => new MetadataResponse
    {
        Topics = [.. (request.Topics ?? []).Select(topic => new MetadataResponse.Topic { ErrorCode = error, Name = topic.Name ?? "", TopicId = topic.TopicId })],
        ErrorCode = error,
    };

    private async Task<MetadataResponse.Topic[]> TopicsAsync(HandlerContext context, MetadataRequest request, ReachableBrokers cluster, int operations)
    {
        var gone = context.Gone;
        if (request.Topics is null || (context.Version == 0 && request.Topics.Length == 0))
        {
            var (error, names) = await topics.ListAsync(gone);
            if (error != ErrorCode.None)
            {
                // No field of the answer says so below version 13, and an empty list would be a lie.
                throw new CloseConnectionException($"The list of topics cannot be read: {error}.");
            }

            var all = await TopicDirectory.EachAsync(names, name => topics.FindAsync(name.Value, gone));
            return [.. names.Zip(all).Where(one => one.Second.Error != ErrorCode.UnknownTopicOrPartition)
                .Select(one => Answer(one.First.Value, default, one.Second, cluster, operations))];
        }

        var ids = request.Topics.Where(topic => topic.TopicId != Guid.Empty).Select(topic => topic.TopicId).Distinct().ToArray();
        if (ids.Length > 0)
        {
            return await TopicDirectory.EachAsync(
                ids,
                async id => Answer(
                    context.Version >= 12 ? null : "", id, await topics.FindAsync(new TopicId(id), gone), cluster, operations));
        }

        var mayCreate = context.Version < 4 || request.AllowAutoTopicCreation;
        return await TopicDirectory.EachAsync(
            [.. request.Topics.Select(topic => topic.Name ?? "").Distinct()],
            async name => Answer(
                name, default, await (mayCreate ? topics.FindOrCreateAsync(name, gone) : topics.FindAsync(name, gone)), cluster, operations));
    }

    private static MetadataResponse.Topic Answer(string? name, Guid id, TopicLookup lookup, ReachableBrokers cluster, int operations) =>
        lookup.Topic is not { } topic
            ? new MetadataResponse.Topic { ErrorCode = TopicDirectory.ToClient(lookup.Error), Name = name, TopicId = id, TopicAuthorizedOperations = operations }
            : new MetadataResponse.Topic
            {
                Name = topic.Name.Value,
                TopicId = topic.Id.Value,
                IsInternal = topic.Name.IsInternal,
                TopicAuthorizedOperations = operations,
                Partitions = [.. Enumerable.Range(0, topic.PartitionsCount).Select(partition => Answer(partition, cluster.LeaderFor(topic.LeaderOf(partition))))],
            };

    private static MetadataResponse.Partition Answer(int partition, int leader) =>
        new() { PartitionIndex = partition, LeaderId = leader, ReplicaNodes = [leader], IsrNodes = [leader] };
}
