using Loire.Grains.Interfaces.Topics;

namespace Loire.WebApi.RestProxy.Topics;

/// <summary>A topic.</summary>
internal sealed record V2TopicJson(string Name, Dictionary<string, string> Configs, V2PartitionJson[] Partitions)
{
    public static V2TopicJson From(TopicDescription topic) => new(
        topic.Name.Value,
        topic.Configs.ToDictionary(config => config.Name, config => config.Value, StringComparer.Ordinal),
        V2PartitionJson.AllOf(topic));
}

/// <summary>A partition and its copies. The store keeps these, so the leader is the only replica.</summary>
internal sealed record V2PartitionJson(int Partition, int Leader, V2ReplicaJson[] Replicas)
{
    public static V2PartitionJson Of(int partition, int leader) => new(partition, leader, [new V2ReplicaJson(leader, true, true)]);

    public static V2PartitionJson[] AllOf(TopicDescription topic)
    {
        var partitions = new V2PartitionJson[topic.PartitionsCount];
        for (var i = 0; i < partitions.Length; i++)
        {
            partitions[i] = Of(i, topic.Leaders is { } leaders && i < leaders.Length ? leaders[i] : 0);
        }

        return partitions;
    }
}

/// <summary>A copy of a partition.</summary>
internal sealed record V2ReplicaJson(int Broker, bool Leader, bool InSync);

/// <summary>The offsets between which records can be read, the end exclusive.</summary>
internal sealed record V2BoundsJson(long BeginningOffset, long EndOffset);

/// <summary>The ids of the brokers.</summary>
internal sealed record V2BrokersJson(int[] Brokers);

/// <summary>A topic to be created; Strimzi's.</summary>
internal sealed record V2CreateTopicJson(string? TopicName = null, int? PartitionsCount = null, short? ReplicationFactor = null);
