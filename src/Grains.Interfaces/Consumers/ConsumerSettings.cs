using Loire.Model;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>The settings of a consumer, given when it is created.</summary>
/// <param name="ClientId">The application's name, for operators.</param>
/// <param name="Host">The host that it runs on, for operators.</param>
/// <param name="InstanceId">The id of a static member (KIP-345); null for a dynamic one.</param>
/// <param name="OffsetReset">Where to start without a committed offset (<c>auto.offset.reset</c>); see
/// <see cref="OffsetSpec.IsReset"/>.</param>
/// <param name="AutoCommitInterval">How often finished records are committed automatically, at most once a second; null for
/// never.</param>
/// <param name="SessionTimeout">The group removes the member after this time without a heartbeat from its silo.</param>
/// <param name="MaxPollInterval">The consumer ends after this time without a request for records.</param>
/// <param name="Assignors">Assignor names in order of preference.</param>
/// <param name="FetchMinBytes">The number of bytes that a response waits for as long as its request says, at least 1: any record is
/// enough.</param>
/// <param name="Dialect">The edge's own data, such as the format of its records: a few hundred characters; null for none. All settings as
/// JSON have at most <see cref="Limits.MemberUserDataLength"/> characters.</param>
/// <param name="Isolation">Which records of transactions are read; null, for which nothing is stored, for those of committed ones.</param>
[GenerateSerializer, Immutable, Alias("loire.ConsumerSettings")]
public sealed record ConsumerSettings(
    [property: Id(0)] string ClientId,
    [property: Id(1)] string Host,
    [property: Id(2)] GroupInstanceId? InstanceId,
    [property: Id(3)] OffsetSpec OffsetReset,
    [property: Id(4)] TimeSpan? AutoCommitInterval,
    [property: Id(5)] TimeSpan SessionTimeout,
    [property: Id(6)] TimeSpan MaxPollInterval,
    [property: Id(7)] string[] Assignors,
    [property: Id(8)] int FetchMinBytes,
    [property: Id(9)] string? Dialect,
    [property: Id(10)] IsolationLevel? Isolation = null);

/// <summary>The answer to most calls of a consumer.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the call failed.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
/// <param name="Consumer">The consumer's state; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.ConsumerResult")]
public sealed record ConsumerResult(
    [property: Id(0)] ErrorCode Error, [property: Id(1)] string? Detail, [property: Id(2)] ConsumerDescription? Consumer);

/// <summary>The state of a consumer.</summary>
/// <param name="Settings">The settings that it was created with.</param>
/// <param name="Topics">The topics that it subscribes to.</param>
/// <param name="Pattern">The pattern that it subscribes to; null for none.</param>
/// <param name="Assignment">The partitions that it currently reads, in order.</param>
[GenerateSerializer, Immutable, Alias("loire.ConsumerDescription")]
public sealed record ConsumerDescription(
    [property: Id(0)] ConsumerSettings Settings,
    [property: Id(1)] TopicName[] Topics,
    [property: Id(2)] string? Pattern,
    [property: Id(3)] TopicPartition[] Assignment);

/// <summary>A position to continue a partition from.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="To">The position; see <see cref="OffsetSpec.IsPosition"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionSeek")]
public readonly record struct PartitionSeek([property: Id(0)] TopicPartition Partition, [property: Id(1)] OffsetSpec To);
