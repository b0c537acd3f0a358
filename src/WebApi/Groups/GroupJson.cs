using System.Text.Json;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.WebApi.Groups;

/// <summary>A group in a list.</summary>
internal sealed record GroupIdJson(string GroupId);

/// <summary>A partition of a topic.</summary>
internal sealed record TopicPartitionJson(string TopicName, int Partition)
{
    public static TopicPartitionJson[] From(TopicPartition[] partitions) =>
        Array.ConvertAll(partitions, partition => new TopicPartitionJson(partition.Topic.Value, partition.Partition));
}

/// <summary>A group.</summary>
/// <param name="GroupId">Its id.</param>
/// <param name="Kind">SERVER if the group assigns to its members, CLASSIC if one of them does.</param>
/// <param name="ProtocolType">What the group is used for, "consumer" for consumers; null if it never had a member.</param>
/// <param name="Phase">EMPTY, ASSIGNING, RECONCILING or STABLE; of a classic group EMPTY, PREPARING_REBALANCE, COMPLETING_REBALANCE or STABLE.</param>
/// <param name="Epoch">Grows with each new assignment; of a classic group its generation.</param>
/// <param name="Assignor">The assignor in use; null without members.</param>
/// <param name="Members">In order of their ids; of a classic group in the order in which they joined.</param>
internal sealed record GroupJson(string GroupId, string Kind, string? ProtocolType, string Phase, int Epoch, string? Assignor, MemberJson[] Members)
{
    public static GroupJson From(GroupDescription group) => new(
        group.GroupId.Value,
        group.Kind.ToString().ToUpperInvariant(),
        group.ProtocolType.Length == 0 ? null : group.ProtocolType,
        group.Phase switch
        {
            GroupPhase.PreparingRebalance => "PREPARING_REBALANCE",
            GroupPhase.CompletingRebalance => "COMPLETING_REBALANCE",
            var phase => phase.ToString().ToUpperInvariant(),
        },
        group.Epoch,
        group.Assignor.Length == 0 ? null : group.Assignor,
        Array.ConvertAll(group.Members, MemberJson.From));
}

/// <summary>A member of a group.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="ClientId">The application.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="MemberEpoch">The epoch that it has reached.</param>
/// <param name="Subscription">What it subscribes to.</param>
/// <param name="Assigned">What it works on, or has not yet confirmed to have given up.</param>
/// <param name="Target">What it will work on when everyone has given up what is not theirs any more.</param>
internal sealed record MemberJson(
    string MemberId, string? InstanceId, string ClientId, string Host, int MemberEpoch, SubscriptionJson Subscription,
    TopicPartitionJson[] Assigned, TopicPartitionJson[] Target)
{
    public static MemberJson From(MemberDescription member) => new(
        member.MemberId.Value, member.InstanceId?.Value, member.ClientId, member.Host, member.MemberEpoch, SubscriptionJson.From(member.Subscription),
        TopicPartitionJson.From(member.Assigned), TopicPartitionJson.From(member.Target));
}

/// <summary>What a member subscribes to, and on which terms.</summary>
internal sealed record SubscriptionJson(
    string[] Topics, string? Pattern, string[] Assignors, long SessionTimeoutMs, long RebalanceTimeoutMs)
{
    public static SubscriptionJson From(MemberSubscription terms) => new(
        [.. terms.Topics.Select(topic => topic.Value)], terms.Pattern, [.. terms.Assignors],
        (long)terms.SessionTimeout.TotalMilliseconds, (long)terms.RebalanceTimeout.TotalMilliseconds);
}

/// <summary>A committed offset and how far behind the log it is.</summary>
/// <param name="TopicName">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read; null with require_stable while an open transaction may commit another one.</param>
/// <param name="LeaderEpoch">The epoch of the last record consumed; null if the committer did not tell.</param>
/// <param name="Metadata">Free text of the committer.</param>
/// <param name="CommittedAt">When, in milliseconds since 1970; null without an offset.</param>
/// <param name="LogEndOffset">The offset of the next record in the log; null if it is unknown.</param>
/// <param name="Lag">How many offsets lie between the two; null if that is unknown.</param>
/// <param name="Error">Why the offset or the log's end is unknown, by Kafka's name; null if they are known.</param>
internal sealed record GroupOffsetJson(
    string TopicName, int Partition, long? Offset, int? LeaderEpoch, string Metadata, long? CommittedAt, long? LogEndOffset, long? Lag,
    string? Error)
{
    public static GroupOffsetJson Unstable(TopicPartition partition, LogBounds bounds) => new(
        partition.Topic.Value, partition.Partition, null, null, "", null, bounds.Offsets?.LogEnd.Value, null,
        ErrorCodes.Describe(ErrorCode.UnstableOffsetCommit).Name);

    public static GroupOffsetJson From(CommittedOffset committed, LogBounds bounds) => new(
        committed.Partition.Topic.Value,
        committed.Partition.Partition,
        committed.Offset.Value,
        committed.LeaderEpoch == Model.LeaderEpoch.None ? null : committed.LeaderEpoch.Value,
        committed.Metadata,
        committed.CommittedAt.Milliseconds,
        bounds.Offsets?.LogEnd.Value,
        // A commit from outside may lie beyond the end; then nothing is left to read.
        bounds.Offsets is { } log ? Math.Max(0, log.LogEnd - committed.Offset) : null,
        bounds.Problem is { } problem ? ErrorCodes.Describe(problem.Error).Name : null);
}

/// <summary>Offsets to be committed, each partition at most once.</summary>
internal sealed record CommitOffsetsJson(CommitOffsetJson[] Offsets);

/// <summary>An offset to be committed.</summary>
/// <param name="TopicName">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read, from 0.</param>
/// <param name="LeaderEpoch">The epoch of the last record consumed, if it is known.</param>
/// <param name="Metadata">Free text.</param>
internal sealed record CommitOffsetJson(string TopicName, int Partition, long Offset, int? LeaderEpoch = null, string? Metadata = null);

/// <summary>Partitions of one topic; without numbers all of them.</summary>
internal sealed record TopicPartitionsJson(string TopicName, int[]? Partitions = null);

/// <summary>Partitions whose committed offsets are to be deleted.</summary>
internal sealed record DeleteOffsetsJson(TopicPartitionsJson[] Topics);

/// <summary>The positions from which a group continues.</summary>
/// <param name="To">earliest, latest, timestamp, offset or shift.</param>
/// <param name="Value">With timestamp milliseconds since 1970 or ISO 8601, with offset and shift a whole number; absent otherwise.</param>
/// <param name="Topics">Which partitions; absent for all that have a committed offset.</param>
/// <param name="DryRun">Answer as if it had been done, but do not.</param>
internal sealed record ResetOffsetsJson(string To, JsonElement? Value = null, TopicPartitionsJson[]? Topics = null, bool DryRun = false);

/// <summary>What a reset makes of a partition's offset.</summary>
/// <param name="TopicName">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="OldOffset">The committed offset before; null for none.</param>
/// <param name="NewOffset">The one after, within what can be read.</param>
/// <param name="LogStartOffset">The first offset that can be read.</param>
/// <param name="HighWatermark">Records can be read up to here, exclusive.</param>
internal sealed record OffsetResetJson(
    string TopicName, int Partition, long? OldOffset, long NewOffset, long LogStartOffset, long HighWatermark);
