using System.Collections.Immutable;
using Loire.Kafka.Handlers.Topics;
using Loire.Model;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>Partitions of a topic as the newer protocol of consumers lists them.</summary>
internal readonly record struct IdentifiedPartitions(Guid TopicId, string Name, int[] Partitions);

/// <summary>Translates between partitions by the names of their topics, as groups have them, and by ids, as members have them.</summary>
/// <param name="topics">Finds the topics.</param>
internal sealed class ConsumerPartitions(TopicDirectory topics)
{
    /// <summary>The listed partitions whose topics exist; null if a topic cannot be looked up at the moment. Partitions of deleted topics are left out.</summary>
    public async ValueTask<ImmutableArray<TopicPartition>?> ReadAsync(IReadOnlyList<(Guid TopicId, int[] Partitions)> listed, CancellationToken cancellation)
    {
        var found = await TopicDirectory.EachAsync(listed, topic => topics.FindAsync(new TopicId(topic.TopicId), cancellation));
        return Array.Exists(found, lookup => lookup.Topic is null && lookup.Error != ErrorCode.UnknownTopicId) ? null
            : ImmutableArray.CreateRange(listed.Zip(found).Where(pair => pair.Second.Topic is not null)
                .SelectMany(pair => pair.First.Partitions.Select(partition => new TopicPartition(pair.Second.Topic!.Name, partition))));
    }

    /// <summary>The partitions by their topics; null if a topic cannot be asked at the moment. Topics that do not exist any more are left out.</summary>
    public async ValueTask<IdentifiedPartitions[]?> WriteAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation)
    {
        var named = partitions.GroupBy(partition => partition.Topic).ToArray();
        var found = await TopicDirectory.EachAsync(named, topic => topics.FindAsync(topic.Key.Value, cancellation));
        return Array.Exists(found, lookup => lookup.Topic is null && lookup.Error != ErrorCode.UnknownTopicOrPartition) ? null
            : [.. named.Zip(found).Where(pair => pair.Second.Topic is not null).Select(pair => new IdentifiedPartitions(
                pair.Second.Topic!.Id.Value, pair.First.Key.Value, [.. pair.First.Select(partition => partition.Partition).Order()]))];
    }
}
