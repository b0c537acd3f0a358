using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using static Loire.Coordination.Topics.ConfigTypes;

namespace Loire.Coordination.Topics;

/// <summary>
/// Every configuration of a topic in Kafka 4.4, with Kafka's names, types, defaults and ranges. A configuration with a last sentence is
/// validated, stored and shown, but not acted on; removing that sentence puts it in force. docs/topic-settings.md is generated from this table.
/// </summary>
public static class TopicConfigs
{
    private const string FinerSegments = "Retention works with the store's own objects, of a few MiB as a rule.";
    private const string NoSegments = "The store decides how the log is divided into objects.";
    private const string DurableAnyway = "An acknowledged record is always durable.";
    private const string FixedLevel = "Each codec has a fixed level.";
    private const string StoreReplicates = "The store replicates, not the brokers.";
    private const string NoTiers = "There is no second tier of storage.";

    /// <summary>How old records are removed.</summary>
    public static readonly TopicConfigDefinition<ImmutableArray<CleanupPolicy>> CleanupPolicy = new(
        "cleanup.policy", ListOf(("delete", Topics.CleanupPolicy.Delete), ("compact", Topics.CleanupPolicy.Compact)), [Topics.CleanupPolicy.Delete],
        "Whether old records go by age and size (delete), when a newer one has their key (compact), by both, or by neither (empty); " +
        "with compact, records without a key are refused.");

    /// <summary>The codec of stored batches.</summary>
    public static readonly TopicConfigDefinition<CompressionType?> CompressionType = new(
        "compression.type",
        OneOf<CompressionType?>(
            ("uncompressed", Model.CompressionType.None), ("zstd", Model.CompressionType.Zstd), ("lz4", Model.CompressionType.Lz4),
            ("snappy", Model.CompressionType.Snappy), ("gzip", Model.CompressionType.Gzip), ("producer", null)),
        null,
        "The codec in which batches are stored: that of their producer, or one into which the broker converts them.");

    /// <summary>How long a tombstone is kept.</summary>
    public static readonly TopicConfigDefinition<long> DeleteRetentionMs = new(
        "delete.retention.ms", Long(0), 86_400_000,
        "Milliseconds that a record without a value outlives compaction, so that readers see the deletion.");

    /// <summary>The latest age at which a record becomes eligible for compaction.</summary>
    public static readonly TopicConfigDefinition<long> MaxCompactionLagMs = new(
        "max.compaction.lag.ms", Long(1), long.MaxValue, "Milliseconds after which a record is considered for compaction at the latest.");

    /// <summary>Largest batch accepted.</summary>
    public static readonly TopicConfigDefinition<int> MaxMessageBytes = new(
        "max.message.bytes", Int(0, Limits.BatchBytes), Limits.DefaultMaxMessageBytes,
        "Bytes of the largest record batch that the topic accepts, after compression and with its header.");

    /// <summary>How far ahead a producer's timestamp may be.</summary>
    public static readonly TopicConfigDefinition<long> MessageTimestampAfterMaxMs = new(
        "message.timestamp.after.max.ms", Long(0), 3_600_000,
        "Milliseconds that a producer's timestamp may lie after the broker's clock; a later record is refused.");

    /// <summary>How old a producer's timestamp may be.</summary>
    public static readonly TopicConfigDefinition<long> MessageTimestampBeforeMaxMs = new(
        "message.timestamp.before.max.ms", Long(0), long.MaxValue,
        "Milliseconds that a producer's timestamp may lie before the broker's clock; an older record is refused.");

    /// <summary>Whether producers or the broker set timestamps.</summary>
    public static readonly TopicConfigDefinition<TimestampType> MessageTimestampType = new(
        "message.timestamp.type", OneOf(("CreateTime", TimestampType.CreateTime), ("LogAppendTime", TimestampType.LogAppendTime)),
        TimestampType.CreateTime, "Whether a record's timestamp is the producer's (CreateTime) or the broker's (LogAppendTime).");

    /// <summary>The minimum uncompacted share of the log for compaction to start.</summary>
    public static readonly TopicConfigDefinition<double> MinCleanableDirtyRatio = new(
        "min.cleanable.dirty.ratio", Number(0, 1), 0.5, "The share of a log that must be uncompacted before it is compacted again.");

    /// <summary>How long a record is safe from compaction.</summary>
    public static readonly TopicConfigDefinition<long> MinCompactionLagMs = new(
        "min.compaction.lag.ms", Long(0), 0, "Milliseconds during which a record is not compacted away.");

    /// <summary>The number of copies that acks=all requires.</summary>
    public static readonly TopicConfigDefinition<int> MinInsyncReplicas = new(
        "min.insync.replicas", Int(1), 1,
        "Copies that must be in sync for an append with acks=all; with a store that replicates by itself there is one.");

    /// <summary>Whether records are moved to a second tier of storage.</summary>
    public static readonly TopicConfigDefinition<bool> RemoteStorageEnable = new(
        "remote.storage.enable", ConfigTypes.Boolean, false, "Whether closed segments move to a second tier of storage; true is refused.",
        NoTiers);

    /// <summary>How many bytes of a partition are kept.</summary>
    public static readonly TopicConfigDefinition<long> RetentionBytes = new(
        "retention.bytes", Long(), -1, "Bytes that a partition keeps at least under the delete policy; no bound if negative.");

    /// <summary>How long records are kept.</summary>
    public static readonly TopicConfigDefinition<long> RetentionMs = new(
        "retention.ms", Long(-1), 604_800_000, "Milliseconds that records are kept at least under the delete policy; -1 for no limit.");

    /// <summary>The size at which a part of the log is closed.</summary>
    public static readonly TopicConfigDefinition<int> SegmentBytes = new(
        "segment.bytes", Int(1024 * 1024), 1024 * 1024 * 1024, "Bytes of the log that retention and compaction treat as one.", FinerSegments);

    /// <summary>The age at which a part of the log is closed.</summary>
    public static readonly TopicConfigDefinition<long> SegmentMs = new(
        "segment.ms", Long(1), 604_800_000,
        "Milliseconds after which retention and compaction may touch the newest part of the log even if it is small.", FinerSegments);

    private static readonly FrozenDictionary<string, TopicConfigDefinition> ByName = new TopicConfigDefinition[]
    {
        CleanupPolicy, CompressionType, DeleteRetentionMs, MaxCompactionLagMs, MaxMessageBytes, MessageTimestampAfterMaxMs,
        MessageTimestampBeforeMaxMs, MessageTimestampType, MinCleanableDirtyRatio, MinCompactionLagMs, MinInsyncReplicas, RemoteStorageEnable,
        RetentionBytes, RetentionMs, SegmentBytes, SegmentMs,
        Unused("compression.gzip.level", GzipLevel, -1, "The level of gzip, from 1 (fast) to 9 (small); -1 for the default.", FixedLevel),
        Unused("compression.lz4.level", Int(1, 17), 9, "The level of LZ4, from fast to small; 9 stands for the fastest.", FixedLevel),
        Unused("compression.zstd.level", Int(-131_072, 22), 3, "The level of zstd, from fast to small.", FixedLevel),
        Unused(
            "errors.deadletterqueue.group.enable", ConfigTypes.Boolean, false, "Whether share groups may write records that they gave up here.",
            "There are no share groups."),
        Unused("file.delete.delay.ms", Long(0), 60_000, "Milliseconds until the files of a removed segment are deleted.", NoSegments),
        Unused("flush.messages", Long(1), long.MaxValue, "Records after which the log is forced to disk.", DurableAnyway),
        Unused("flush.ms", Long(0), long.MaxValue, "Milliseconds after which the log is forced to disk.", DurableAnyway),
        Unused(
            "follower.replication.throttled.replicas", ReplicaList, "", "The replicas whose copying is throttled at the followers.", StoreReplicates),
        Unused("index.interval.bytes", Int(0), 4096, "Bytes of the log between two entries of its index.", NoSegments),
        Unused("leader.replication.throttled.replicas", ReplicaList, "", "The replicas whose copying is throttled at the leader.", StoreReplicates),
        Unused("local.retention.bytes", Long(-2), -2, "Bytes of a partition in the first tier; -2 for as many as retention.bytes.", NoTiers),
        Unused("local.retention.ms", Long(-2), -2, "Milliseconds that records stay in the first tier; -2 for as long as retention.ms.", NoTiers),
        Unused(
            "max.decompressed.message.bytes", Int(1, 2_147_483_639), 2_147_483_639, "Bytes of the largest record in a compressed batch.",
            "A batch is bounded as a whole wherever it is decompressed, at 64 MiB."),
        Unused("preallocate", ConfigTypes.Boolean, false, "Whether the file of a new segment gets its full size at once.", NoSegments),
        Unused("remote.copy.lag.bytes", Long(-1), -1, "Bytes that wait before closed segments are copied to the second tier.", NoTiers),
        Unused("remote.copy.lag.ms", Long(-1), 0, "Milliseconds before a closed segment is copied to the second tier.", NoTiers),
        Unused("remote.log.copy.disable", ConfigTypes.Boolean, false, "Whether no more segments are copied to the second tier.", NoTiers),
        Unused("remote.log.delete.on.disable", ConfigTypes.Boolean, false, "Whether the second tier is emptied when it is switched off.", NoTiers),
        Unused("segment.index.bytes", Int(4), 10_485_760, "Bytes of the largest index of a segment.", NoSegments),
        Unused("segment.jitter.ms", Long(0), 0, "Milliseconds by which segment.ms is reduced at random.", NoSegments),
        Unused(
            "unclean.leader.election.enable", ConfigTypes.Boolean, false, "Whether a replica that lacks acknowledged records may lead.",
            StoreReplicates),
    }.ToFrozenDictionary(definition => definition.Name, StringComparer.Ordinal);

    /// <summary>All configurations, in ordinal order of their names.</summary>
    public static IReadOnlyList<TopicConfigDefinition> All { get; } =
        [.. ByName.Values.OrderBy(definition => definition.Name, StringComparer.Ordinal)];

    /// <summary>Finds a configuration by its name.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out TopicConfigDefinition? definition) => ByName.TryGetValue(name, out definition);

    private static TopicConfigDefinition<T> Unused<T>(string name, ConfigType<T> type, T defaultValue, string documentation, string noEffect) =>
        new(name, type, defaultValue, documentation, noEffect);
}
