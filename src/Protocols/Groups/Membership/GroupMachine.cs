using Loire.Model;
using Loire.Protocols.Groups.Assignors;

namespace Loire.Protocols.Groups.Membership;

/// <summary>
/// The members of one group: decides, changes the state, keeps the deadlines, and says what is to be made durable. Every <c>now</c> is the
/// time since some fixed moment, on a clock that never falls. A machine whose records could not be made durable is thrown away, and a new
/// one replays what is durable.
/// </summary>
/// <param name="assignors">Those of the broker.</param>
/// <param name="options">The broker's settings.</param>
public sealed class GroupMachine(IReadOnlyList<IAssignor> assignors, MembershipOptions options)
{
    /// <summary>The group as its records have made it.</summary>
    public GroupState State { get; } = new();

    /// <summary>When to call <see cref="Tick"/> at the latest; null if nothing is to be expected.</summary>
    public TimeSpan? NextTick { get; private set; }

    /// <summary>Changes the state by a record that is durable already; before everything else.</summary>
    public void Replay(GroupRecord record) => State.Apply(record);

    /// <summary>After the replay: every member gets a fresh session.</summary>
    public void Start(TimeSpan now) => NextTick = State.Members.Count == 0 ? null : now + options.SessionTimeoutMin;

    /// <summary>
    /// The topics that exist with the numbers of their partitions; at least those that <see cref="GroupState.IsInteresting"/> names. Until the
    /// first such call nothing is assigned.
    /// </summary>
    public GroupStep TopicsAre(IReadOnlyDictionary<TopicName, int> topics, TimeSpan now) => NotYet(topics.Count, now);

    /// <summary>A member's heartbeat: joins, stays, changes the subscription, confirms.</summary>
    public GroupStep Heartbeat(GroupHeartbeat request, TimeSpan now) => NotYet(request.MemberEpoch, now);

    /// <summary>A member leaves. One that is not known has left already, which is no error.</summary>
    /// <param name="memberId">The member; null to name it by its instance id.</param>
    /// <param name="instanceId">Its instance id, if it has one.</param>
    /// <param name="now">The time.</param>
    public GroupStep Leave(string? memberId, string? instanceId, TimeSpan now) => NotYet(memberId ?? instanceId, now);

    /// <summary>Does what is due: removes the silent, makes the assignment that waited.</summary>
    public GroupStep Tick(TimeSpan now) => NotYet(assignors.Count, now);

    /// <summary>Whether the member has not been told of everything that concerns it.</summary>
    public bool HasNews(string memberId) => !State.Members.ContainsKey(memberId);

    /// <summary>What the member is to be told now; it has no news then.</summary>
    public GroupAnswer Answer(string memberId, string? instanceId) =>
        new(State.Members.ContainsKey(memberId) || instanceId is not null ? ErrorCode.FencedInstanceId : ErrorCode.UnknownMemberId,
            State.Epoch, [], options.HeartbeatInterval);

    /// <summary>Whether a member may commit an offset of a partition.</summary>
    public ErrorCode CheckCommit(string memberId, int memberEpoch, TopicPartition partition) =>
        State.Members.ContainsKey(memberId) && memberEpoch >= 0 && partition.Partition >= 0
            ? ErrorCode.StaleMemberEpoch : ErrorCode.UnknownMemberId;

    private static GroupStep NotYet(object? request, TimeSpan now) =>
        new(ErrorCode.CoordinatorNotAvailable, $"Groups are not available yet ({request}, {now}).", [], []);
}
