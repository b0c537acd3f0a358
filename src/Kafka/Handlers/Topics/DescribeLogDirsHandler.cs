using Loire.Edge.Topics;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// DescribeLogDirs 1 to 5 (KIP-113): a broker has one directory, the store, with the partitions that it leads and the sizes that they have last reported to their topics.
/// How large the store is, is not known (−1). No topics mean all; what does not exist, or has not reported, is left out.
/// </summary>
/// <param name="brokers">The brokers.</param>
/// <param name="topics">The topics.</param>
internal sealed class DescribeLogDirsHandler(Brokers brokers, TopicDirectory topics) : KafkaHandler<DescribeLogDirsRequest>(ApiKey.DescribeLogDirs, 1, 5)
{
    private const string Store = "store";

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeLogDirsRequest request)
    {
        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        Dictionary<string, HashSet<int>?> wanted = [];
        if (request.Topics is { } named)
        {
            foreach (var topic in named)
            {
                var partitions = wanted.TryGetValue(topic.Topic, out var known) ? known! : [];
                partitions.UnionWith(topic.Partitions);
                wanted[topic.Topic] = partitions;
            }
        }
        else
        {
            var (error, names) = await topics.ListAsync(context.Gone);
            if (error != ErrorCode.None)
            {
                return Refuse(context, request, error);
            }

            wanted = names.ToDictionary(name => name.Value, _ => (HashSet<int>?)null);
        }

        var described = await TopicDirectory.EachAsync([.. wanted], one => DescribeAsync(one.Key, one.Value, cluster, context.Gone));
        return new DescribeLogDirsResponse
        {
            Results = [new() { LogDir = Store, Topics = [.. described.Where(topic => topic.Partitions.Length > 0)] }],
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeLogDirsRequest request, ErrorCode error) =>
        new DescribeLogDirsResponse { ErrorCode = error, Results = [new() { ErrorCode = error, LogDir = Store }] };

    private async ValueTask<DescribeLogDirsResponse.Topic> DescribeAsync(
        string name, HashSet<int>? partitions, ReachableBrokers cluster, CancellationToken gone)
    {
        if ((await topics.FindAsync(name, gone)).Topic is not { } topic)
        {
            return new DescribeLogDirsResponse.Topic { Name = name };
        }

        var logs = await topics.DescribeLogsAsync(topic.Name);
        return new DescribeLogDirsResponse.Topic
        {
            Name = name,
            Partitions = [.. logs.Select(log => log.Report).Where(log => IsWanted(log, topic))
                .Select(log => new DescribeLogDirsResponse.Partition { PartitionIndex = log.Partition, PartitionSize = log.Bytes })],
        };

        bool IsWanted(PartitionReport log, TopicRoutes topic) =>
            partitions?.Contains(log.Partition) != false && cluster.LeaderFor(topic.LeaderOf(log.Partition)) == cluster.Self.Id;
    }
}
