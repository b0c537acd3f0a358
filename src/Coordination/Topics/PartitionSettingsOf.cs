using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>Selects the part of a topic's configuration that applies to its partitions.</summary>
public static class PartitionSettingsOf
{
    private static readonly TopicConfigDefinition[] Concerned =
    [
        TopicConfigs.MaxMessageBytes, TopicConfigs.MessageTimestampType, TopicConfigs.MessageTimestampBeforeMaxMs,
        TopicConfigs.MessageTimestampAfterMaxMs, TopicConfigs.MinInsyncReplicas, TopicConfigs.CompressionType, TopicConfigs.CleanupPolicy,
        TopicConfigs.RetentionMs, TopicConfigs.RetentionBytes, TopicConfigs.MinCleanableDirtyRatio, TopicConfigs.MinCompactionLagMs,
        TopicConfigs.MaxCompactionLagMs, TopicConfigs.DeleteRetentionMs,
    ];

    /// <summary>Whether this configuration applies to partitions.</summary>
    public static bool Concerns(string config) => Concerned.Any(definition => definition.Name == config);

    /// <summary>The settings of a topic's partitions.</summary>
    public static PartitionSettings Topic(TopicState topic)
    {
        var policies = TopicConfigs.CleanupPolicy.Value(topic.Configs);
        var deletes = policies.Contains(CleanupPolicy.Delete);
        var (time, bytes) = (TopicConfigs.RetentionMs.Value(topic.Configs), TopicConfigs.RetentionBytes.Value(topic.Configs));
        return new PartitionSettings(
            topic.Version,
            TopicConfigs.MaxMessageBytes.Value(topic.Configs),
            TopicConfigs.MessageTimestampType.Value(topic.Configs),
            Milliseconds(TopicConfigs.MessageTimestampBeforeMaxMs.Value(topic.Configs)),
            Milliseconds(TopicConfigs.MessageTimestampAfterMaxMs.Value(topic.Configs)),
            TopicConfigs.MinInsyncReplicas.Value(topic.Configs),
            TopicConfigs.CompressionType.Value(topic.Configs),
            RequiresKeys: policies.Contains(CleanupPolicy.Compact),
            IsDeletable: deletes || policies.IsEmpty,
            RetentionTime: deletes && time >= 0 ? Milliseconds(time) : null,
            RetentionBytes: deletes && bytes >= 0 ? bytes : null,
            Compaction: !policies.Contains(CleanupPolicy.Compact) ? null : new CompactionSettings(
                TopicConfigs.MinCleanableDirtyRatio.Value(topic.Configs),
                Milliseconds(TopicConfigs.MinCompactionLagMs.Value(topic.Configs)),
                Milliseconds(TopicConfigs.MaxCompactionLagMs.Value(topic.Configs)),
                Milliseconds(TopicConfigs.DeleteRetentionMs.Value(topic.Configs))));
    }

    private static TimeSpan Milliseconds(long value) =>
        value >= TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(value);
}
