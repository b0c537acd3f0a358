using System.Collections.Frozen;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// The settings of Kafka's brokers that give the settings of topics their defaults. Loire's brokers have none of them, but clients show the name beside the default.
/// </summary>
internal static class ConfigSynonyms
{
    private static readonly FrozenDictionary<string, string> OfBrokers = new Dictionary<string, string>
    {
        ["cleanup.policy"] = "log.cleanup.policy",
        ["compression.gzip.level"] = "compression.gzip.level",
        ["compression.lz4.level"] = "compression.lz4.level",
        ["compression.type"] = "compression.type",
        ["compression.zstd.level"] = "compression.zstd.level",
        ["delete.retention.ms"] = "log.cleaner.delete.retention.ms",
        ["file.delete.delay.ms"] = "log.segment.delete.delay.ms",
        ["flush.messages"] = "log.flush.interval.messages",
        ["index.interval.bytes"] = "log.index.interval.bytes",
        ["local.retention.bytes"] = "log.local.retention.bytes",
        ["local.retention.ms"] = "log.local.retention.ms",
        ["max.compaction.lag.ms"] = "log.cleaner.max.compaction.lag.ms",
        ["max.decompressed.message.bytes"] = "max.decompressed.message.bytes",
        ["max.message.bytes"] = "message.max.bytes",
        ["message.timestamp.after.max.ms"] = "log.message.timestamp.after.max.ms",
        ["message.timestamp.before.max.ms"] = "log.message.timestamp.before.max.ms",
        ["message.timestamp.type"] = "log.message.timestamp.type",
        ["min.cleanable.dirty.ratio"] = "log.cleaner.min.cleanable.ratio",
        ["min.compaction.lag.ms"] = "log.cleaner.min.compaction.lag.ms",
        ["min.insync.replicas"] = "min.insync.replicas",
        ["preallocate"] = "log.preallocate",
        ["remote.copy.lag.bytes"] = "log.remote.copy.lag.bytes",
        ["remote.copy.lag.ms"] = "log.remote.copy.lag.ms",
        ["retention.bytes"] = "log.retention.bytes",
        ["segment.bytes"] = "log.segment.bytes",
        ["segment.index.bytes"] = "log.index.size.max.bytes",
        ["unclean.leader.election.enable"] = "unclean.leader.election.enable",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Whether a new cluster of Kafka has the setting as one of its own, which clients show as well: since Kafka 4.1 (KIP-966).</summary>
    public static bool IsOfCluster(string topicConfig) => topicConfig == "min.insync.replicas";

    /// <summary>The setting of a broker that gives a setting of topics its default; null if there is none.</summary>
    public static string? Of(string topicConfig) => OfBrokers.GetValueOrDefault(topicConfig);
}
