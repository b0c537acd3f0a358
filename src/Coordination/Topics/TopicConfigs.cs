using System.Collections.Frozen;
using Loire.Model;
using static Loire.Coordination.Topics.ConfigEffect;
using static Loire.Coordination.Topics.ConfigTypes;

namespace Loire.Coordination.Topics;

/// <summary>
/// The topic configurations that Loire accepts: Kafka's names, defaults and ranges (org.apache.kafka.common.config.TopicConfig, Kafka 4.x).
/// Unknown names are refused, because silently ignoring a setting silently breaks a promise.
/// </summary>
public static class TopicConfigs
{
    /// <summary>Largest batch accepted.</summary>
    public static readonly TopicConfigDefinition<long> MaxMessageBytes = new(
        "max.message.bytes", Integer(0, Limits.BatchBytes), Limits.DefaultMaxMessageBytes, InForce,
        "Bytes of the largest record batch that the topic accepts, after compression and with its header.");

    /// <summary>Whether producers or the broker set timestamps.</summary>
    public static readonly TopicConfigDefinition<TimestampType> MessageTimestampType = new(
        "message.timestamp.type",
        OneOf(("CreateTime", TimestampType.CreateTime), ("LogAppendTime", TimestampType.LogAppendTime)), TimestampType.CreateTime, InForce,
        "Whether a record's timestamp is the producer's or the broker's.");

    /// <summary>How old a producer's timestamp may be.</summary>
    public static readonly TopicConfigDefinition<long> MessageTimestampBeforeMaxMs = new(
        "message.timestamp.before.max.ms", Integer(0), long.MaxValue, InForce,
        "Milliseconds that a producer's timestamp may lie before the broker's clock; an older record is refused.");

    /// <summary>How far ahead a producer's timestamp may be.</summary>
    public static readonly TopicConfigDefinition<long> MessageTimestampAfterMaxMs = new(
        "message.timestamp.after.max.ms", Integer(0), 3_600_000, InForce,
        "Milliseconds that a producer's timestamp may lie after the broker's clock; a later record is refused.");

    /// <summary>The number of copies that acks=all requires.</summary>
    public static readonly TopicConfigDefinition<long> MinInsyncReplicas = new(
        "min.insync.replicas", Integer(1, int.MaxValue), 1, InForce,
        "Copies that must be in sync for an append with acks=all; with a store that replicates by itself there is one.");

    /// <summary>The codec of stored batches.</summary>
    public static readonly TopicConfigDefinition<string> CompressionType = new(
        "compression.type", OneOf(("producer", "producer")), "producer", InForce,
        "The codec of stored batches. Batches are stored as the producer made them, so 'producer' is the only choice.");

    /// <summary>How old records are removed.</summary>
    public static readonly TopicConfigDefinition<CleanupPolicy> CleanupPolicy = new(
        "cleanup.policy", CleanupPolicies, Topics.CleanupPolicy.Delete, NotYetEnforced,
        "Whether old records go by age and size, or when a newer one has their key.");

    /// <summary>How long records are kept.</summary>
    public static readonly TopicConfigDefinition<long> RetentionMs = new(
        "retention.ms", Integer(-1), 604_800_000, NotYetEnforced,
        "Minimum time in milliseconds that records are kept under the delete policy; -1 for no limit.");

    /// <summary>How many bytes of a partition are kept.</summary>
    public static readonly TopicConfigDefinition<long> RetentionBytes = new(
        "retention.bytes", Integer(-1), -1, NotYetEnforced,
        "Bytes that a partition keeps at least under the delete policy; -1 for no bound.");

    /// <summary>The size at which a part of the log is closed.</summary>
    public static readonly TopicConfigDefinition<long> SegmentBytes = new(
        "segment.bytes", Integer(1024 * 1024, int.MaxValue), 1024 * 1024 * 1024, NotYetEnforced,
        "Bytes of the log that retention and compaction treat as one.");

    /// <summary>The age at which a part of the log is closed.</summary>
    public static readonly TopicConfigDefinition<long> SegmentMs = new(
        "segment.ms", Integer(1), 604_800_000, NotYetEnforced,
        "Milliseconds after which retention and compaction may touch the newest part of the log even if it is small.");

    /// <summary>How long a tombstone is kept.</summary>
    public static readonly TopicConfigDefinition<long> DeleteRetentionMs = new(
        "delete.retention.ms", Integer(0), 86_400_000, NotYetEnforced,
        "Milliseconds that a record without a value outlives compaction, so that readers see the deletion.");

    /// <summary>How long a record is safe from compaction.</summary>
    public static readonly TopicConfigDefinition<long> MinCompactionLagMs = new(
        "min.compaction.lag.ms", Integer(0), 0, NotYetEnforced,
        "Milliseconds during which a record is not compacted away.");

    /// <summary>The latest age at which a record becomes eligible for compaction.</summary>
    public static readonly TopicConfigDefinition<long> MaxCompactionLagMs = new(
        "max.compaction.lag.ms", Integer(1), long.MaxValue, NotYetEnforced,
        "Milliseconds after which a record is considered for compaction at the latest.");

    /// <summary>The minimum uncompacted share of the log for compaction to start.</summary>
    public static readonly TopicConfigDefinition<double> MinCleanableDirtyRatio = new(
        "min.cleanable.dirty.ratio", Number(0, 1), 0.5, NotYetEnforced,
        "The share of a log that must be uncompacted before it is compacted again.");

    private static readonly FrozenDictionary<string, TopicConfigDefinition> ByName = new TopicConfigDefinition[]
    {
        CleanupPolicy, CompressionType, DeleteRetentionMs, MaxCompactionLagMs, MaxMessageBytes, MessageTimestampAfterMaxMs,
        MessageTimestampBeforeMaxMs, MessageTimestampType, MinCleanableDirtyRatio, MinCompactionLagMs, MinInsyncReplicas, RetentionBytes,
        RetentionMs, SegmentBytes, SegmentMs,
    }.ToFrozenDictionary(definition => definition.Name, StringComparer.Ordinal);

    /// <summary>All configurations, in ordinal order of their names.</summary>
    public static IReadOnlyList<TopicConfigDefinition> All { get; } =
        [.. ByName.Values.OrderBy(definition => definition.Name, StringComparer.Ordinal)];

    /// <summary>Validates one setting as a client sent it.</summary>
    /// <param name="name">The name as sent.</param>
    /// <param name="text">The value as sent.</param>
    /// <param name="normalized">The canonical text of the value, if it is valid.</param>
    /// <returns>A human-readable problem; null if the setting is valid.</returns>
    public static string? Check(string name, string text, out string normalized)
    {
        normalized = "";
        if (Unknown(name) is { } unknown)
        {
            return unknown;
        }

        var definition = ByName[name];
        if (!definition.TryNormalize(text, out var value))
        {
            return $"Invalid value '{Excerpt(text)}' for configuration '{name}': it must be {definition.Allowed}.";
        }

        normalized = value;
        return null;
    }

    /// <summary>A human-readable problem if there is no such configuration; null if there is.</summary>
    public static string? Unknown(string name) => ByName.ContainsKey(name) ? null : $"Unknown topic configuration '{Excerpt(name)}'.";

    /// <summary>A human-readable problem with a combination of individually valid settings; null if there is none.</summary>
    public static string? CheckTogether(IReadOnlyDictionary<string, string> configs) =>
        MinCompactionLagMs.Value(configs) > MaxCompactionLagMs.Value(configs)
            ? $"Configuration '{MinCompactionLagMs.Name}' must not be greater than '{MaxCompactionLagMs.Name}'."
            : null;

    // Client input is echoed in messages and logs, so it is truncated and stripped of control characters.
    private static string Excerpt(string text)
    {
        var start = text.Length <= 64 ? text : string.Concat(text.AsSpan(0, 64), "...");
        return string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
