namespace Loire.Model;

/// <summary>The part of a topic's configuration that applies to its partitions.</summary>
/// <param name="Version">The topic's version, which grows with each change of the topic; a partition ignores an older one.</param>
/// <param name="MaxMessageBytes">Largest batch accepted (<c>max.message.bytes</c>).</param>
/// <param name="TimestampType">Whether producers or the broker set timestamps (<c>message.timestamp.type</c>).</param>
/// <param name="TimestampBeforeMax">How far in the past a record's time may lie (<c>message.timestamp.before.max.ms</c>).</param>
/// <param name="TimestampAfterMax">How far in the future a record's time may lie (<c>message.timestamp.after.max.ms</c>).</param>
/// <param name="MinInsyncReplicas">Copies that must be in sync for an append with <see cref="Acks.All"/>
/// (<c>min.insync.replicas</c>).</param>
/// <param name="Compression">The codec in which batches are stored (<c>compression.type</c>); null to keep that of the producer.</param>
/// <param name="RequiresKeys">Whether records without a key are refused, because the topic is compacted (<c>cleanup.policy</c>).</param>
/// <param name="IsDeletable">Whether clients may delete the oldest records: unless the topic is only compacted (<c>cleanup.policy</c>).</param>
/// <param name="RetentionTime">How long records are kept (<c>retention.ms</c>); null for no limit, also if the policy is not to delete.</param>
/// <param name="RetentionBytes">The bytes that are kept (<c>retention.bytes</c>); null for no limit, also if the policy is not to delete.</param>
/// <param name="Compaction">How the topic is compacted (<c>cleanup.policy</c>); null if it is not.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionSettings")]
public readonly record struct PartitionSettings(
    [property: Id(0)] long Version,
    [property: Id(1)] int MaxMessageBytes,
    [property: Id(2)] TimestampType TimestampType,
    [property: Id(3)] TimeSpan TimestampBeforeMax,
    [property: Id(4)] TimeSpan TimestampAfterMax,
    [property: Id(5)] int MinInsyncReplicas,
    [property: Id(6)] CompressionType? Compression = null,
    [property: Id(7)] bool RequiresKeys = false,
    [property: Id(8)] bool IsDeletable = true,
    [property: Id(9)] TimeSpan? RetentionTime = null,
    [property: Id(10)] long? RetentionBytes = null,
    [property: Id(11)] CompactionSettings? Compaction = null);
