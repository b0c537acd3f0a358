using Loire.Model;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>Something seen from outside: by a producer, by an application, or on the way between a consumer and its group.</summary>
internal abstract record Happening
{
    /// <summary>Its place in the order of all of them.</summary>
    public long At { get; set; }
}

/// <summary>A producer was told that its record is in the log.</summary>
internal sealed record Acknowledged(TopicPartition Partition, long Offset, long Value) : Happening;

/// <summary>Something about a consumer of a group. A consumer that restarts is another one.</summary>
internal abstract record GroupHappening(string Group, string Consumer) : Happening;

/// <summary>
/// The group has answered a heartbeat that was sent at <paramref name="BegunAt"/>. The generation is what it calls the member's epoch.
/// </summary>
internal sealed record Answered(
    string Group, string Consumer, string MemberId, string? Instance, int Generation, IReadOnlyList<TopicPartition> Partitions,
    long BegunAt)
    : GroupHappening(Group, Consumer)
{
    public override string ToString() =>
        $"Answered {Consumer} {MemberId} {Instance} asked at {BegunAt}: generation {Generation}, {string.Join(' ', Partitions)}";
}

/// <summary>The listener hears that a partition has come, which the group said in a generation.</summary>
internal sealed record Assigned(string Group, string Consumer, string? Instance, TopicPartition Partition, int Generation)
    : GroupHappening(Group, Consumer);

/// <summary>The listener hears that a partition goes, or is lost.</summary>
internal sealed record Revoked(string Group, string Consumer, TopicPartition Partition, bool IsLost) : GroupHappening(Group, Consumer);

/// <summary>The application is given a record, for which it asked, or its code was resumed last, at <paramref name="AskedAt"/>.</summary>
internal sealed record Delivered(string Group, string Consumer, TopicPartition Partition, long Offset, long Value, long AskedAt)
    : GroupHappening(Group, Consumer);

/// <summary>The application is done with a record.</summary>
internal sealed record Finished(string Group, string Consumer, TopicPartition Partition, long Offset) : GroupHappening(Group, Consumer);

/// <summary>A commit is sent.</summary>
internal sealed record Committing(string Group, string Consumer, TopicPartition Partition, long Offset) : GroupHappening(Group, Consumer);

/// <summary>A commit that was sent at <paramref name="BegunAt"/> was answered. What is never answered may have been stored.</summary>
internal sealed record Committed(
    string Group, string Consumer, TopicPartition Partition, long Offset, long BegunAt, ErrorCode Error)
    : GroupHappening(Group, Consumer);

/// <summary>A question for a committed offset that was asked at <paramref name="BegunAt"/> was answered; 0 if there is none.</summary>
internal sealed record OffsetRead(string Group, string Consumer, TopicPartition Partition, long Offset, long BegunAt)
    : GroupHappening(Group, Consumer);
