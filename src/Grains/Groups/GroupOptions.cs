using Loire.Model;
using Loire.Coordination.Groups.Membership;

namespace Loire.Grains.Groups;

/// <summary>What an operator may tune of consumer groups.</summary>
public sealed class GroupOptions
{
    /// <summary>What members may ask for, and the delays of a rebalance.</summary>
    public MembershipOptions Members { get; set; } = new();

    /// <summary>How long the offsets of a group without members are kept (Kafka's <c>offsets.retention.minutes</c>): 7 days.</summary>
    public TimeSpan OffsetsRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How often an active group looks for expired offsets (Kafka's <c>offsets.retention.check.interval.ms</c>). A group that nobody uses
    /// is looked at every <see cref="SweepInterval"/>.
    /// </summary>
    public TimeSpan ExpiryInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How often every group of the cluster is looked at for expired offsets. It wakes groups that nobody uses, a few at a time, so it is
    /// rare: against a retention of days, hours do not matter.
    /// </summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromHours(6);

    /// <summary>
    /// How often a group with members asks its topics for their partitions, so that it learns of topics that appear, grow or vanish. It
    /// asks at once when a member joins.
    /// </summary>
    public TimeSpan TopicsInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether commits are mirrored to the topic <c>__consumer_offsets</c>.</summary>
    public bool MirrorOffsets { get; set; } = true;

    /// <summary>Partitions of <c>__consumer_offsets</c> when it is created (Kafka's <c>offsets.topic.num.partitions</c>).</summary>
    public int OffsetsTopicPartitions { get; set; } = 50;

    /// <summary>
    /// The shortest time between two appends of one group to <c>__consumer_offsets</c>: of the commits to a partition in between only the
    /// newest is mirrored, which is all that compaction would leave of them.
    /// </summary>
    public TimeSpan MirrorInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The instruments that groups report to.</summary>
    public GroupMetrics Metrics { get; set; } = GroupMetrics.Hostless;

    /// <summary>Says what is wrong with these values; null if they are sound.</summary>
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
