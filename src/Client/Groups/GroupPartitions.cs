using Loire.Model;
using GroupPartition = Loire.Model.TopicPartition;

namespace Loire.Client;

/// <summary>Partitions as the client's API names them and as the group does.</summary>
internal static class GroupPartitions
{
    public static GroupPartition ToGroup(this TopicPartition partition) => new(TopicName.Parse(partition.Topic), partition.Partition);

    public static TopicPartition ToClient(this GroupPartition partition) => new(partition.Topic.Value, partition.Partition);
}
