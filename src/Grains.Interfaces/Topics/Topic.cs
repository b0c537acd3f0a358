using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Interfaces.Topics;

/// <summary>A topic to create.</summary>
/// <param name="PartitionsCount">From 1 to <see cref="Limits.PartitionsPerTopic"/>; −1 for the broker's default.</param>
/// <param name="ReplicationFactor">−1 for the broker's default. A store that replicates by itself accepts only 1.</param>
/// <param name="Configs">Settings by name; a name that is not listed has its default.</param>
/// <param name="ValidateOnly">Whether to validate and answer without creating the topic.</param>
[GenerateSerializer, Immutable, Alias("loire.CreateTopicRequest")]
public sealed record CreateTopicRequest(
    [property: Id(0)] int PartitionsCount,
    [property: Id(1)] short ReplicationFactor,
    [property: Id(2)] KeyValuePair<string, string>[] Configs,
    [property: Id(3)] bool ValidateOnly);

/// <summary>Changes of a topic's configuration.</summary>
/// <param name="Changes">Names and new values; null resets a setting to its default.</param>
/// <param name="ValidateOnly">Whether to validate without changing anything.</param>
/// <param name="Version">The version of the topic for which the changes were made up; if it has another one, the answer is
/// <see cref="ErrorCode.InvalidUpdateVersion"/>. 0 for any. Earlier versions do not look at it.</param>
[GenerateSerializer, Immutable, Alias("loire.AlterConfigsRequest")]
public sealed record AlterConfigsRequest(
    [property: Id(0)] KeyValuePair<string, string?>[] Changes,
    [property: Id(1)] bool ValidateOnly,
    [property: Id(2)] long Version = 0);

/// <summary>The answer of a topic to any request.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the request was refused.</param>
/// <param name="Topic">The topic after the request; null with an error.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicResult")]
public sealed record TopicResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] TopicDescription? Topic, [property: Id(2)] string? Detail);

/// <summary>The current state of a topic.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Id">Identifies this creation of the name.</param>
/// <param name="PartitionsCount">The number of partitions.</param>
/// <param name="ReplicationFactor">The number of copies that Loire itself keeps; 1 if the store replicates.</param>
/// <param name="Configs">All settings with their effective values, in ordinal order of their names.</param>
/// <param name="Version">Grows with each change of the topic, and starts at 1 for each <paramref name="Id"/>. Partitions answer with the
/// version that they act on (<see cref="AppendResult.TopicVersion"/>).</param>
/// <param name="PreferredLeaders">The broker that should lead each partition, −1 for none; shorter than the number of partitions, or null, where
/// none was ever chosen.</param>
/// <param name="Leaders">The broker that leads each partition now, as the topic's silo sees the cluster; null if the silos are not
/// brokers.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicDescription")]
public sealed record TopicDescription(
    [property: Id(0)] TopicName Name,
    [property: Id(1)] TopicId Id,
    [property: Id(2)] int PartitionsCount,
    [property: Id(3)] short ReplicationFactor,
    [property: Id(4)] TopicConfig[] Configs,
    [property: Id(5)] long Version = 0,
    [property: Id(6)] int[]? PreferredLeaders = null,
    [property: Id(7)] int[]? Leaders = null);

/// <summary>One setting of a topic.</summary>
/// <param name="Name">Kafka's name for it.</param>
/// <param name="Value">The effective value, in Kafka's notation.</param>
/// <param name="IsDefault">Whether the topic does not set it.</param>
/// <param name="IsEffective">Whether this version acts on it.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicConfig")]
public sealed record TopicConfig(
    [property: Id(0)] string Name, [property: Id(1)] string Value, [property: Id(2)] bool IsDefault, [property: Id(3)] bool IsEffective = true);

/// <summary>The answer of a topic that describes its settings.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no description.</param>
/// <param name="Configs">All settings in ordinal order of their names; empty with an error.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
/// <param name="Version">The version of the topic that has these settings; 0 with an error, and from a node of an earlier version.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicConfigsResult")]
public sealed record TopicConfigsResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] TopicConfigDescription[] Configs, [property: Id(2)] string? Detail, [property: Id(3)] long Version = 0);

/// <summary>One setting of a topic and its meaning.</summary>
/// <param name="Name">Kafka's name for it.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="Value">The effective value, in Kafka's notation.</param>
/// <param name="Default">The value that it has if the topic does not set it.</param>
/// <param name="IsDefault">Whether the topic does not set it.</param>
/// <param name="Documentation">One sentence: meaning and unit.</param>
/// <param name="NoEffect">One sentence: why this version does not act on it; null if it does.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicConfigDescription")]
public sealed record TopicConfigDescription(
    [property: Id(0)] string Name,
    [property: Id(1)] ConfigValueType Type,
    [property: Id(2)] string Value,
    [property: Id(3)] string Default,
    [property: Id(4)] bool IsDefault,
    [property: Id(5)] string Documentation,
    [property: Id(6)] string? NoEffect);

/// <summary>The answer to a partition that requests its settings.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the partition must not serve.</param>
/// <param name="Settings">The settings; null with an error.</param>
/// <param name="Compaction">What the partition has last reported of its compaction; null if nothing.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionSettingsResult")]
public sealed record PartitionSettingsResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionSettings? Settings, [property: Id(2)] CompactionReport? Compaction = null);

/// <summary>The answer of a topic that describes the logs of its partitions.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no description.</param>
/// <param name="Logs">Those of the partitions that have reported, in ascending order; empty with an error, and below feature level 2.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicLogsResult")]
public sealed record TopicLogsResult([property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionLogDescription[] Logs);

/// <summary>The log of a partition as it was last reported.</summary>
/// <param name="Report">The report.</param>
/// <param name="DueAt">When the partition is to be looked after next; <see cref="Timestamp.None"/> if its topic keeps everything as it is. One that is open
/// is left alone as long as it reports.</param>
/// <param name="DueReason">Why it is due then.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionLogDescription")]
public sealed record PartitionLogDescription(
    [property: Id(0)] PartitionReport Report, [property: Id(1)] Timestamp DueAt, [property: Id(2)] DueReason DueReason);

/// <summary>The answer of a topic that was to look after its closed partitions.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why it could not.</param>
/// <param name="Opened">How many partitions were due, and called.</param>
/// <param name="Wait">How long until the next one is due, zero if one is now; null if none ever is.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicRetainResult")]
public sealed record TopicRetainResult([property: Id(0)] ErrorCode Error, [property: Id(1)] int Opened, [property: Id(2)] TimeSpan? Wait);

/// <summary>One page of the catalog.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the page is not available.</param>
/// <param name="Names">In ordinal order.</param>
/// <param name="HasMore">Whether more names follow.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicList")]
public sealed record TopicList([property: Id(0)] ErrorCode Error, [property: Id(1)] TopicName[] Names, [property: Id(2)] bool HasMore);

/// <summary>The answer of the catalog to a topic.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the catalog refused.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.CatalogResult")]
public sealed record CatalogResult([property: Id(0)] ErrorCode Error, [property: Id(1)] string? Detail);
