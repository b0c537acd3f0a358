using Loire.Model;
using Loire.Coordination.Groups.Membership;

namespace Loire.Grains.Groups;

/// <summary>Settings of consumer groups.</summary>
public sealed class GroupOptions
{
    /// <summary>The bounds on what members request, and the delays of a rebalance.</summary>
    public MembershipOptions Members { get; set; } = new();

    /// <summary>How long the offsets of a group without members are kept (Kafka's <c>offsets.retention.minutes</c>): 7 days.</summary>
    public TimeSpan OffsetsRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How often an active group checks for expired offsets (Kafka's <c>offsets.retention.check.interval.ms</c>). Groups that are not
    /// active are checked every <see cref="SweepInterval"/>.
    /// </summary>
    public TimeSpan ExpiryInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How often every group of the cluster is checked for expired offsets. The sweep activates unused groups, a few at a time, so it is
    /// rare: hours do not matter against a retention of days.
    /// </summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromHours(6);

    /// <summary>
    /// How often a group with members refreshes the metadata of its topics, to detect topics that are created, extended or deleted. A join
    /// refreshes it at once.
    /// </summary>
    public TimeSpan TopicsInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether commits are mirrored to the topic <c>__consumer_offsets</c>.</summary>
    public bool MirrorOffsets { get; set; } = true;

    /// <summary>Partitions of <c>__consumer_offsets</c> when it is created (Kafka's <c>offsets.topic.num.partitions</c>).</summary>
    public int OffsetsTopicPartitions { get; set; } = 50;

    /// <summary>
    /// The shortest time between two appends of one group to <c>__consumer_offsets</c>: of the commits to a partition in between only the
    /// newest is mirrored, as compaction would leave it.
    /// </summary>
    public TimeSpan MirrorInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The instruments that groups update.</summary>
    public GroupMetrics Metrics { get; set; } = GroupMetrics.Hostless;

    /// <summary>Returns a human-readable problem; null if the values are valid.</summary>
    public string? Problem() =>
        Members.Problem() is { } members ? $"{nameof(Members)}: {members}"
        : Members.HeartbeatInterval > TimeSpan.FromMinutes(1) ? $"{nameof(Members)}: HeartbeatInterval must be at most a minute."
        : OffsetsRetention < TimeSpan.FromMinutes(1) || OffsetsRetention > TimeSpan.FromDays(3650)
            ? $"{nameof(OffsetsRetention)} must lie between a minute and ten years."
        : ExpiryInterval < TimeSpan.FromSeconds(1) ? $"{nameof(ExpiryInterval)} must be at least a second."
        : SweepInterval < TimeSpan.FromMinutes(1) || SweepInterval > TimeSpan.FromDays(30)
            ? $"{nameof(SweepInterval)} must lie between a minute and 30 days."
        : TopicsInterval < TimeSpan.FromMilliseconds(100) ? $"{nameof(TopicsInterval)} must be at least 100 ms."
        : OffsetsTopicPartitions is < 1 or > Limits.PartitionsPerTopic
            ? $"{nameof(OffsetsTopicPartitions)} must lie between 1 and {Limits.PartitionsPerTopic}."
        : MirrorInterval < TimeSpan.Zero ? $"{nameof(MirrorInterval)} must not be negative."
        : null;
}
