using Loire.Model;

namespace Loire.Client;

/// <summary>Creates, describes, changes and deletes topics. Thread-safe.</summary>
public interface IAdminClient
{
    /// <summary>Creates a topic.</summary>
    /// <exception cref="LoireException">It exists already, its name or a setting is refused, or the cluster does not answer.</exception>
    ValueTask<TopicInfo> CreateTopicAsync(NewTopic topic, bool validateOnly = false, CancellationToken cancellation = default);

    /// <summary>Describes a topic.</summary>
    /// <exception cref="LoireException">It does not exist, or the cluster does not answer.</exception>
    ValueTask<TopicInfo> DescribeTopicAsync(TopicName topic, CancellationToken cancellation = default);

    /// <summary>Names of all topics in ordinal order, page by page.</summary>
    IAsyncEnumerable<TopicName> ListTopicsAsync(CancellationToken cancellation = default);

    /// <summary>Raises the number of partitions. Keys may go to other partitions from then on.</summary>
    ValueTask<TopicInfo> CreatePartitionsAsync(
        TopicName topic, int partitionsCount, bool validateOnly = false, CancellationToken cancellation = default);

    /// <summary>Sets settings, or resets them to their defaults with a null value; all of them or none.</summary>
    ValueTask<TopicInfo> AlterConfigsAsync(
        TopicName topic, IReadOnlyDictionary<string, string?> changes, bool validateOnly = false, CancellationToken cancellation = default);

    /// <summary>Deletes a topic with its data.</summary>
    ValueTask DeleteTopicAsync(TopicName topic, CancellationToken cancellation = default);

    /// <summary>The offsets that a specification stands for, for each partition asked.</summary>
    ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> ListOffsetsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, CancellationToken cancellation = default);
}

/// <summary>A topic to be created.</summary>
/// <param name="Name">1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'.</param>
/// <param name="PartitionsCount">At least 1; −1 for the cluster's default.</param>
/// <param name="ReplicationFactor">−1 for the cluster's default.</param>
public sealed record NewTopic(TopicName Name, int PartitionsCount = -1, short ReplicationFactor = -1)
{
    /// <summary>Settings by Kafka's names; a name that is not listed has its default.</summary>
    public IReadOnlyDictionary<string, string> Configs { get; init; } = new Dictionary<string, string>();
}

/// <summary>A topic as it is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Which creation of the name.</param>
/// <param name="PartitionsCount">How many partitions it has.</param>
/// <param name="ReplicationFactor">How many copies Loire itself keeps; 1 where the store replicates.</param>
/// <param name="Configs">Every setting with its value in force.</param>
public sealed record TopicInfo(
    TopicName Name, Guid Id, int PartitionsCount, short ReplicationFactor, IReadOnlyDictionary<string, TopicSetting> Configs);

/// <summary>A setting of a topic.</summary>
/// <param name="Value">The value in force, in Kafka's notation.</param>
/// <param name="IsDefault">Whether nobody has set it.</param>
public readonly record struct TopicSetting(string Value, bool IsDefault);
