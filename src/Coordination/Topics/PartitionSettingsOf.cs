using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>Selects the part of a topic's configuration that applies to its partitions.</summary>
public static class PartitionSettingsOf
{
    private static readonly TopicConfigDefinition[] Concerned =
    [
        TopicConfigs.MaxMessageBytes, TopicConfigs.MessageTimestampType, TopicConfigs.MessageTimestampBeforeMaxMs,
        TopicConfigs.MessageTimestampAfterMaxMs, TopicConfigs.MinInsyncReplicas, TopicConfigs.CompressionType, TopicConfigs.CleanupPolicy,
    ];

    /// <summary>Whether this configuration applies to partitions.</summary>
    public static bool Concerns(string config) => Concerned.Any(definition => definition.Name == config);

    /// <summary>The settings of a topic's partitions.</summary>
    public static PartitionSettings Topic(TopicState topic) => new(
        topic.Version,
        TopicConfigs.MaxMessageBytes.Value(topic.Configs),
        TopicConfigs.MessageTimestampType.Value(topic.Configs),
        Milliseconds(TopicConfigs.MessageTimestampBeforeMaxMs.Value(topic.Configs)),
        Milliseconds(TopicConfigs.MessageTimestampAfterMaxMs.Value(topic.Configs)),
        TopicConfigs.MinInsyncReplicas.Value(topic.Configs),
        TopicConfigs.CompressionType.Value(topic.Configs),
        RequiresKeys: TopicConfigs.CleanupPolicy.Value(topic.Configs).Contains(CleanupPolicy.Compact));

    private static TimeSpan Milliseconds(long value) =>
        value >= TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(value);
}
