using Loire.Model;

namespace Loire.Client;

/// <summary>Creates, describes, changes and deletes topics. Thread-safe.</summary>
public interface IAdminClient
{
    /// <summary>Creates a topic.</summary>
    /// <exception cref="LoireException">It already exists, its name or a setting is refused, or the cluster does not answer.</exception>
    ValueTask<TopicInfo> CreateTopicAsync(NewTopic topic, bool validateOnly = false, CancellationToken cancellation = default);

    /// <summary>Describes a topic.</summary>
    /// <exception cref="LoireException">It does not exist, or the cluster does not answer.</exception>
    ValueTask<TopicInfo> DescribeTopicAsync(TopicName topic, CancellationToken cancellation = default);

    /// <summary>
    /// Describes the logs of a topic's partitions as they were last reported: closed ones as they are, open ones every hour or when much changes. No
    /// partition is called.
    /// </summary>
    /// <returns>The partitions that have reported, in ascending order.</returns>
    /// <exception cref="LoireException">The topic does not exist, or the cluster does not answer.</exception>
    ValueTask<IReadOnlyList<PartitionLogInfo>> DescribeLogsAsync(TopicName topic, CancellationToken cancellation = default);

    /// <summary>Lists the names of all topics in ordinal order, fetched page by page.</summary>
    IAsyncEnumerable<TopicName> ListTopicsAsync(CancellationToken cancellation = default);

    /// <summary>Increases the number of partitions. Keys may map to other partitions afterwards.</summary>
    ValueTask<TopicInfo> CreatePartitionsAsync(
        TopicName topic, int partitionsCount, bool validateOnly = false, CancellationToken cancellation = default);

    /// <summary>Changes settings atomically; a null value resets one to its default.</summary>
    ValueTask<TopicInfo> AlterConfigsAsync(
        TopicName topic, IReadOnlyDictionary<string, string?> changes, bool validateOnly = false, CancellationToken cancellation = default);

    /// <summary>Deletes a topic and its data.</summary>
    ValueTask DeleteTopicAsync(TopicName topic, CancellationToken cancellation = default);

    /// <summary>Resolves an offset specification for each given partition.</summary>
    ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> ListOffsetsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, CancellationToken cancellation = default);

    /// <summary>
    /// Finds the last record of a key of a topic that is compacted (<c>cleanup.policy</c>). It sees every record that was acknowledged before the call. The
    /// first question to a partition waits while it learns where the last records of its keys lie.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The bytes of the key.</param>
    /// <param name="partition">The partition that has the key; null for the one to which <see cref="Partitioners.Default"/> sends it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The record; null if there is none, or it is a tombstone.</returns>
    /// <exception cref="LoireException">
    /// The topic or the partition does not exist, or the cluster does not answer; <see cref="ErrorCode.PolicyViolation"/>: the topic is not compacted;
    /// <see cref="ErrorCode.RequestTimedOut"/>: the keys are still being learned; <see cref="ErrorCode.ThrottlingQuotaExceeded"/>: the partition has more
    /// keys than its node has memory for.
    /// </exception>
    ValueTask<ConsumeResult<byte[], byte[]>?> FindLatestAsync(
        TopicName topic, ReadOnlyMemory<byte> key, int? partition = null, CancellationToken cancellation = default);

    /// <summary>
    /// Deletes the records before a position of each given partition for good: before its end with <see cref="OffsetSpec.Latest"/>, before the first
    /// record at or after a time, or before an offset. Repeating a call is harmless.
    /// </summary>
    /// <param name="partitions">The positions of the first records that stay; an offset is at most the end of the partition.</param>
    /// <param name="validateOnly">Answer as if it had been done, but do not.</param>
    /// <param name="cancellation">Ends the wait, and before each partition the deletion.</param>
    /// <returns>The first offset that can be read of each partition.</returns>
    /// <exception cref="LoireException">A partition does not exist, an offset lies beyond its end, its topic is internal, or the cluster does not
    /// answer. Records of other partitions may have been deleted.</exception>
    ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> DeleteRecordsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, bool validateOnly = false, CancellationToken cancellation = default);
}

/// <summary>A topic to create.</summary>
/// <param name="Name">1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'.</param>
/// <param name="PartitionsCount">At least 1; −1 for the cluster's default.</param>
/// <param name="ReplicationFactor">−1 for the cluster's default.</param>
public sealed record NewTopic(TopicName Name, int PartitionsCount = -1, short ReplicationFactor = -1)
{
    /// <summary>Settings by Kafka's names; a name that is not listed has its default.</summary>
    public IReadOnlyDictionary<string, string> Configs { get; init; } = new Dictionary<string, string>();
}

/// <summary>The current state of a topic.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Id">Identifies this creation of the name.</param>
/// <param name="PartitionsCount">The number of partitions.</param>
/// <param name="ReplicationFactor">The number of copies that Loire itself keeps; 1 if the store replicates.</param>
/// <param name="Configs">All settings with their effective values.</param>
public sealed record TopicInfo(
    TopicName Name, Guid Id, int PartitionsCount, short ReplicationFactor, IReadOnlyDictionary<string, TopicSetting> Configs);

/// <summary>A setting of a topic.</summary>
/// <param name="Value">The effective value, in Kafka's notation.</param>
/// <param name="IsDefault">Whether the topic does not set it.</param>
/// <param name="IsEffective">Whether the cluster acts on it; otherwise it is validated and stored only.</param>
public readonly record struct TopicSetting(string Value, bool IsDefault, bool IsEffective = true);

/// <summary>The log of a partition as it was last reported.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Start">The first offset that can be read.</param>
/// <param name="End">The offset after the last record.</param>
/// <param name="Bytes">Its bytes in the store, without the index.</param>
/// <param name="OldestTime">About the time of its oldest record: the greatest one of its oldest stored object; null if there is none.</param>
/// <param name="IsOpen">Whether the partition was in use.</param>
/// <param name="ReportedAt">When the report was received.</param>
/// <param name="RetentionDueAt">When the cluster looks after it, for retention or compaction, should it be closed until then; null if the topic
/// keeps everything as it is.</param>
/// <param name="RetentionDueReason">Why then.</param>
public sealed record PartitionLogInfo(
    TopicPartition Partition, Offset Start, Offset End, long Bytes, Timestamp? OldestTime, bool IsOpen, Timestamp ReportedAt,
    Timestamp? RetentionDueAt, DueReason RetentionDueReason);
