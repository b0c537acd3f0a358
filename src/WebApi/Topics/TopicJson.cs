using System.Text.Json.Serialization;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.WebApi.Topics;

/// <summary>A topic to be created.</summary>
/// <param name="TopicName">1 to 249 of ASCII letters, digits, '.', '_' and '-'.</param>
/// <param name="PartitionsCount">From 1; absent for the broker's default.</param>
/// <param name="ReplicationFactor">Absent for the broker's default.</param>
/// <param name="Configs">Settings that differ from their defaults.</param>
/// <param name="ValidateOnly">Check, but create nothing.</param>
internal sealed record CreateTopicJson(
    string TopicName, int PartitionsCount = -1, short ReplicationFactor = -1, ConfigJson[]? Configs = null, bool ValidateOnly = false);

/// <summary>A setting and its value, in Kafka's notation.</summary>
internal sealed record ConfigJson(string Name, string Value);

/// <summary>A topic.</summary>
/// <param name="TopicName">Its name.</param>
/// <param name="TopicId">Identifies this creation of the name.</param>
/// <param name="PartitionsCount">The number of partitions.</param>
/// <param name="ReplicationFactor">The number of copies that Loire itself keeps.</param>
/// <param name="Log">What its partitions have reported of their logs; only in answers to getTopic.</param>
internal sealed record TopicJson(
    string TopicName, string TopicId, int PartitionsCount, int ReplicationFactor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TopicLogJson? Log = null)
{
    public static TopicJson From(TopicDescription topic, PartitionLogDescription[]? logs = null) =>
        new(topic.Name.Value, topic.Id.ToString(), topic.PartitionsCount, topic.ReplicationFactor, logs is null ? null : TopicLogJson.From(logs));
}

/// <summary>The logs of a topic, added up as its partitions have reported them: closed ones as they are, open ones every hour or when much changes.</summary>
/// <param name="ReportedPartitions">How many partitions have reported.</param>
/// <param name="SizeBytes">Their bytes in the store, without the index.</param>
/// <param name="OldestTimestamp">About the time of the oldest record: the greatest one of the oldest stored object; null if there is none.</param>
/// <param name="ReportedAt">When the oldest of the reports was received, in milliseconds since 1970; null if there is none.</param>
internal sealed record TopicLogJson(int ReportedPartitions, long SizeBytes, long? OldestTimestamp, long? ReportedAt)
{
    public static TopicLogJson From(PartitionLogDescription[] logs) => new(
        logs.Length,
        logs.Sum(log => log.Report.Bytes),
        logs.Select(log => PartitionLogJson.OrNull(log.Report.OldestTime)).Min(),
        logs.Select(log => PartitionLogJson.OrNull(log.Report.At)).Min());
}

/// <summary>The log of a partition as it was last reported.</summary>
/// <param name="LogStartOffset">The first offset that can be read.</param>
/// <param name="LogEndOffset">The offset after the last record.</param>
/// <param name="SizeBytes">Its bytes in the store, without the index.</param>
/// <param name="OldestTimestamp">About the time of its oldest record: the greatest one of its oldest stored object; null if there is none.</param>
/// <param name="Open">Whether it was in use.</param>
/// <param name="ReportedAt">When the report was received, in milliseconds since 1970.</param>
/// <param name="RetentionDueAt">When the node looks after it, should it be closed until then; null if the topic keeps everything
/// as it is.</param>
/// <param name="RetentionDueReason">AGE or SIZE, by the topic's limits; DIRTY, LAG or TOMBSTONES, to be compacted; UNKNOWN if only the report is too old
/// then.</param>
internal sealed record PartitionLogJson(
    long LogStartOffset, long LogEndOffset, long SizeBytes, long? OldestTimestamp, bool Open, long ReportedAt, long? RetentionDueAt,
    string? RetentionDueReason)
{
    public static PartitionLogJson From(PartitionLogDescription log) => new(
        log.Report.Start.Value, log.Report.End.Value, log.Report.Bytes, OrNull(log.Report.OldestTime), log.Report.IsOpen,
        log.Report.At.Milliseconds, OrNull(log.DueAt), log.DueAt == Timestamp.None ? null : log.DueReason.ToString().ToUpperInvariant());

    public static long? OrNull(Timestamp time) => time == Timestamp.None ? null : time.Milliseconds;
}

/// <summary>A topic in a list.</summary>
internal sealed record TopicNameJson(string TopicName);

/// <summary>A new number of partitions; there can only be more than before.</summary>
internal sealed record AddPartitionsJson(int PartitionsCount, bool ValidateOnly = false);

/// <summary>A setting of a topic.</summary>
/// <param name="Name">Kafka's name for it.</param>
/// <param name="Value">Its value, in Kafka's notation.</param>
/// <param name="IsDefault">Whether the topic does not set it.</param>
/// <param name="Source">DYNAMIC_TOPIC_CONFIG if the topic sets it, otherwise DEFAULT_CONFIG. The names are Kafka's.</param>
/// <param name="Default">The value that it has if the topic does not set it.</param>
/// <param name="Type">BOOLEAN, STRING, INT, LONG, DOUBLE or LIST.</param>
/// <param name="Documentation">What it means.</param>
/// <param name="Effective">Whether this version acts on it; otherwise it is validated and stored only.</param>
/// <param name="NoEffect">Why it is not effective; null if it is.</param>
internal sealed record TopicConfigJson(
    string Name, string Value, bool IsDefault, string Source, string Default, string Type, string Documentation, bool Effective, string? NoEffect)
{
    public static TopicConfigJson From(TopicConfigDescription config) => new(
        config.Name, config.Value, config.IsDefault, config.IsDefault ? "DEFAULT_CONFIG" : "DYNAMIC_TOPIC_CONFIG", config.Default,
        config.Type.ToString().ToUpperInvariant(), config.Documentation, config.NoEffect is null, config.NoEffect);
}

/// <summary>A new value.</summary>
internal sealed record ConfigValueJson(string Value);

/// <summary>Changes that take effect together or not at all.</summary>
internal sealed record AlterConfigsJson(AlterConfigJson[] Data, bool ValidateOnly = false);

/// <summary>One change.</summary>
/// <param name="Name">The setting.</param>
/// <param name="Value">Its new value; absent with DELETE.</param>
/// <param name="Operation">SET, or DELETE for the default.</param>
internal sealed record AlterConfigJson(string Name, string? Value = null, ConfigOperation Operation = ConfigOperation.SET);

/// <summary>How a setting changes. The names are Confluent's.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConfigOperation>))]
internal enum ConfigOperation
{
    SET,
    DELETE,
}

/// <summary>A partition and the brokers that have it. The store keeps the copies, so the leader is the only replica.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="Leader">The broker that leads it now, or where it would be opened.</param>
/// <param name="PreferredLeader">The broker that should lead it; absent if every one may.</param>
/// <param name="Replicas">The brokers with a copy.</param>
/// <param name="Isr">Those of them that have everything that was acknowledged.</param>
/// <param name="Log">Its log as it was last reported; absent if it never was.</param>
internal sealed record PartitionJson(
    int Partition, int Leader, int? PreferredLeader, int[] Replicas, int[] Isr,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PartitionLogJson? Log = null)
{
    /// <summary>A partition as its topic describes it; a silo that is no broker counts as broker 0.</summary>
    public static PartitionJson Of(TopicDescription topic, int partition, PartitionLogDescription? log)
    {
        var leader = topic.Leaders is { } leaders && partition < leaders.Length ? leaders[partition] : 0;
        int? preferred = topic.PreferredLeaders is { } known && partition < known.Length && known[partition] >= 0 ? known[partition] : null;
        return new PartitionJson(partition, leader, preferred, [leader], [leader], log is null ? null : PartitionLogJson.From(log));
    }
}

/// <summary>A partition as the broker describes it that leads it.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="Leader">The broker that answered.</param>
/// <param name="LeaderEpoch">The epoch of the leader; absent before its first write.</param>
/// <param name="PreferredLeader">The broker that should lead it; absent if every one may.</param>
/// <param name="Replicas">The brokers with a copy.</param>
/// <param name="Isr">Those of them that have everything that was acknowledged.</param>
internal sealed record PartitionStateJson(int Partition, int Leader, int? LeaderEpoch, int? PreferredLeader, int[] Replicas, int[] Isr);

/// <summary>The positions that bound a log.</summary>
internal sealed record OffsetsJson(int Partition, long LogStartOffset, long LastStableOffset, long HighWatermark, long LogEndOffset);

/// <summary>The first record at or after a moment; nulls where every record is older.</summary>
internal sealed record OffsetAtTimeJson(int Partition, long? Offset, long? Timestamp);
