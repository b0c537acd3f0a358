using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>The broker's settings for the members of a group.</summary>
public sealed record MembershipOptions
{
    /// <summary>
    /// How long the first member of an empty group waits for others before the first assignment, so that a starting group does not
    /// rebalance once per member (<c>group.initial.rebalance.delay.ms</c>).
    /// </summary>
    public TimeSpan InitialRebalanceDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The shortest time between two assignments of one group, so that members that join in a burst share one. The first is made at once.
    /// </summary>
    public TimeSpan AssignmentInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How often members should send heartbeats; a third of the session timeout if that is less (Kafka's <c>heartbeat.interval.ms</c>).
    /// </summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The shortest session timeout that a member may request (<c>group.min.session.timeout.ms</c>).</summary>
    public TimeSpan SessionTimeoutMin { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>The longest session timeout that a member may request (<c>group.max.session.timeout.ms</c>).</summary>
    public TimeSpan SessionTimeoutMax { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The maximum number of members per group (<c>group.max.size</c>), at most <see cref="Limits.MembersPerGroup"/>.</summary>
    public int MembersMax { get; init; } = Limits.MembersPerGroup;

    /// <summary>Human-readable description of the first invalid setting; null if all are valid.</summary>
    public string? Problem() => this switch
    {
        { MembersMax: < 1 or > Limits.MembersPerGroup } => $"{nameof(MembersMax)} must be from 1 to {Limits.MembersPerGroup}.",
        _ when InitialRebalanceDelay < TimeSpan.Zero || AssignmentInterval < TimeSpan.Zero => "Delays must not be negative.",
        _ when HeartbeatInterval <= TimeSpan.Zero => $"{nameof(HeartbeatInterval)} must be positive.",
        _ when SessionTimeoutMin <= TimeSpan.Zero || SessionTimeoutMax < SessionTimeoutMin =>
            $"{nameof(SessionTimeoutMin)} must be positive and at most {nameof(SessionTimeoutMax)}.",
        _ => null,
    };
}
