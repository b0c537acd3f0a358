using System.Text.Json;
using Loire.Grains.Interfaces.Consumers;

namespace Loire.WebApi.Groups.Members;

/// <summary>A member to be made. Without topics and a pattern it is told later what to read.</summary>
/// <param name="Topics">Topics to subscribe to; they need not exist yet.</param>
/// <param name="TopicPattern">A regular expression for whole names of topics; not together with topics.</param>
/// <param name="ClientId">Names the application to people.</param>
/// <param name="InstanceId">The id of a static member (KIP-345).</param>
/// <param name="AutoOffsetReset">Where to begin without a committed offset: latest, earliest or none.</param>
/// <param name="EnableAutoCommit">Whether what is finished is committed by itself.</param>
/// <param name="AutoCommitIntervalMs">How often.</param>
/// <param name="SessionTimeoutMs">Without a sign of life of its node for so long, the group removes the member.</param>
/// <param name="MaxPollIntervalMs">Without a request for records for so long, the member ends.</param>
/// <param name="PartitionAssignmentStrategy">Names of assignors in order of preference.</param>
/// <param name="FetchMinBytes">Bytes that an answer waits for, max_wait_ms at most.</param>
internal sealed record CreateMemberJson(
    string[]? Topics = null, string? TopicPattern = null, string? ClientId = null, string? InstanceId = null,
    string AutoOffsetReset = "latest", bool EnableAutoCommit = true, int AutoCommitIntervalMs = 5_000, int SessionTimeoutMs = 45_000,
    int MaxPollIntervalMs = 300_000, string[]? PartitionAssignmentStrategy = null, int FetchMinBytes = 1);

/// <summary>A member that lives in the cluster.</summary>
/// <param name="GroupId">Its group.</param>
/// <param name="MemberId">Its id, made by the node.</param>
/// <param name="ClientId">The application.</param>
/// <param name="Host">The address from which it was made.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="Topics">The topics that it subscribes to.</param>
/// <param name="TopicPattern">The pattern that it subscribes to; null for none.</param>
/// <param name="Assignment">The partitions that it reads now.</param>
/// <param name="AutoOffsetReset">Where it begins without a committed offset.</param>
/// <param name="EnableAutoCommit">Whether what is finished is committed by itself.</param>
/// <param name="AutoCommitIntervalMs">How often; null for never.</param>
/// <param name="SessionTimeoutMs">Without a sign of life of its node for so long, the group removes it.</param>
/// <param name="MaxPollIntervalMs">Without a request for records for so long, it ends.</param>
/// <param name="PartitionAssignmentStrategy">Assignors in order of preference.</param>
/// <param name="FetchMinBytes">Bytes that an answer waits for, max_wait_ms at most.</param>
internal sealed record ConsumerJson(
    string GroupId, string MemberId, string ClientId, string Host, string? InstanceId, string[] Topics, string? TopicPattern,
    TopicPartitionJson[] Assignment, string AutoOffsetReset, bool EnableAutoCommit, long? AutoCommitIntervalMs, long SessionTimeoutMs,
    long MaxPollIntervalMs, string[] PartitionAssignmentStrategy, int FetchMinBytes)
{
    public static ConsumerJson From(ConsumerKey key, ConsumerDescription consumer)
    {
        var settings = consumer.Settings;
        return new ConsumerJson(
            key.GroupId.Value, key.ConsumerId.Value, settings.ClientId, settings.Host, settings.InstanceId?.Value,
            Array.ConvertAll(consumer.Topics, topic => topic.Value), consumer.Pattern, TopicPartitionJson.From(consumer.Assignment),
            settings.OffsetReset.ToString(), settings.AutoCommitInterval is not null,
            (long?)settings.AutoCommitInterval?.TotalMilliseconds, (long)settings.SessionTimeout.TotalMilliseconds,
            (long)settings.MaxPollInterval.TotalMilliseconds, settings.Assignors, settings.FetchMinBytes);
    }
}

/// <summary>What a member is to subscribe to: topics or a pattern.</summary>
internal sealed record SubscribeJson(string[]? Topics = null, string? TopicPattern = null);

/// <summary>Partitions that a member is to read, past the group's assignment.</summary>
internal sealed record AssignJson(TopicPartitionJson[] Partitions);

/// <summary>Offsets to be committed as a member; without them everything that it was given.</summary>
internal sealed record MemberOffsetsJson(CommitOffsetJson[]? Offsets = null);

/// <summary>The positions of a member's partitions.</summary>
internal sealed record PositionsJson(PositionJson[] Positions);

/// <summary>The position of a partition.</summary>
/// <param name="TopicName">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="To">earliest, latest, timestamp or offset.</param>
/// <param name="Value">With timestamp milliseconds since 1970 or ISO 8601, with offset a whole number; absent otherwise.</param>
internal sealed record PositionJson(string TopicName, int Partition, string To, JsonElement? Value = null);
