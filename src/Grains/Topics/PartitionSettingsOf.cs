using Loire.Grains.Interfaces.Partitions;
using Loire.Coordination.Topics;

namespace Loire.Grains.Topics;

/// <summary>What of a topic's configuration its partitions need.</summary>
internal static class PartitionSettingsOf
{
    private static readonly TopicConfigDefinition[] Concerned =
    [
        TopicConfigs.MaxMessageBytes, TopicConfigs.MessageTimestampType, TopicConfigs.MessageTimestampBeforeMaxMs,
        TopicConfigs.MessageTimestampAfterMaxMs, TopicConfigs.MinInsyncReplicas,
    ];

    /// <summary>Whether partitions need to know this configuration.</summary>
    public static bool Concerns(string config) => Concerned.Any(definition => definition.Name == config);

    /// <summary>The settings of a topic's partitions.</summary>
    public static PartitionSettings Topic(TopicState topic) => new(
        topic.Version,
        (int)TopicConfigs.MaxMessageBytes.Value(topic.Configs),
        TopicConfigs.MessageTimestampType.Value(topic.Configs),
        Milliseconds(TopicConfigs.MessageTimestampBeforeMaxMs.Value(topic.Configs)),
        Milliseconds(TopicConfigs.MessageTimestampAfterMaxMs.Value(topic.Configs)),
        (int)TopicConfigs.MinInsyncReplicas.Value(topic.Configs));

    private static TimeSpan Milliseconds(long value) =>
        value >= TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(value);
}
