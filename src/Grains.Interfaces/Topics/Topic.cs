using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Interfaces.Topics;

/// <summary>A topic to be created.</summary>
/// <param name="PartitionsCount">From 1 to <see cref="Limits.PartitionsPerTopic"/>; −1 for the broker's default.</param>
/// <param name="ReplicationFactor">−1 for the broker's default. A store that replicates by itself accepts only 1.</param>
/// <param name="Configs">Settings by name; a name that is not listed has its default.</param>
/// <param name="ValidateOnly">Answer as if it had been created, but do not.</param>
[GenerateSerializer, Immutable, Alias("loire.CreateTopicRequest")]
public sealed record CreateTopicRequest(
    [property: Id(0)] int PartitionsCount,
    [property: Id(1)] short ReplicationFactor,
    [property: Id(2)] KeyValuePair<string, string>[] Configs,
    [property: Id(3)] bool ValidateOnly);

/// <summary>Changes of a topic's configuration.</summary>
/// <param name="Changes">Name and new value; a null value resets to the default.</param>
/// <param name="ValidateOnly">Check, but change nothing.</param>
[GenerateSerializer, Immutable, Alias("loire.AlterConfigsRequest")]
public sealed record AlterConfigsRequest(
    [property: Id(0)] KeyValuePair<string, string?>[] Changes,
    [property: Id(1)] bool ValidateOnly);

/// <summary>The answer of a topic to any request.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the request was refused.</param>
/// <param name="Topic">The topic after the request; null with an error.</param>
/// <param name="Detail">One sentence for a person, where the error code does not say enough.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicResult")]
public sealed record TopicResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] TopicDescription? Topic, [property: Id(2)] string? Detail);

/// <summary>A topic as it is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Which creation of the name.</param>
/// <param name="PartitionsCount">How many partitions it has.</param>
/// <param name="ReplicationFactor">How many copies Loire itself keeps; 1 where the store replicates.</param>
/// <param name="Configs">Every setting with its value in force, in ordinal order of the names.</param>
/// <param name="Version">Grows with each change of the topic, and starts at 1 for each <paramref name="Id"/>. Partitions answer with the
/// version that they act on (<see cref="AppendResult.TopicVersion"/>).</param>
[GenerateSerializer, Immutable, Alias("loire.TopicDescription")]
public sealed record TopicDescription(
    [property: Id(0)] TopicName Name,
    [property: Id(1)] TopicId Id,
    [property: Id(2)] int PartitionsCount,
    [property: Id(3)] short ReplicationFactor,
    [property: Id(4)] TopicConfig[] Configs,
    [property: Id(5)] long Version = 0);

/// <summary>One setting of a topic.</summary>
/// <param name="Name">Kafka's name for it.</param>
/// <param name="Value">The value in force, in Kafka's notation.</param>
/// <param name="IsDefault">Whether the topic leaves it at the default.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicConfig")]
public sealed record TopicConfig([property: Id(0)] string Name, [property: Id(1)] string Value, [property: Id(2)] bool IsDefault);

/// <summary>The answer to a partition that asks what it is.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the partition must not serve.</param>
/// <param name="Settings">The settings; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionSettingsResult")]
public sealed record PartitionSettingsResult([property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionSettings? Settings);

/// <summary>One page of the catalog.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no answer.</param>
/// <param name="Names">In ordinal order.</param>
/// <param name="HasMore">Whether names follow the last one.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicList")]
public sealed record TopicList([property: Id(0)] ErrorCode Error, [property: Id(1)] TopicName[] Names, [property: Id(2)] bool HasMore);

/// <summary>The answer of the catalog to a topic.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the catalog refused.</param>
/// <param name="Detail">One sentence for a person, where the error code does not say enough.</param>
[GenerateSerializer, Immutable, Alias("loire.CatalogResult")]
public sealed record CatalogResult([property: Id(0)] ErrorCode Error, [property: Id(1)] string? Detail);
