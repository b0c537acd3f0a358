using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>A member of a group. Only <see cref="GroupState"/> changes it.</summary>
public sealed class GroupMember
{
    private readonly SortedSet<TopicPartition> _assigned = [];
    private readonly SortedSet<TopicPartition> _revoking = [];
    private readonly SortedSet<TopicPartition> _target = [];
    private ImmutableArray<TopicPartition> _assignment = [];

    internal GroupMember(MemberProfile profile, TopicPattern? pattern, int joinedAt)
    {
        Profile = profile;
        Pattern = pattern;
        JoinedAt = joinedAt;
    }

    /// <summary>The member's identity and subscription.</summary>
    public MemberProfile Profile { get; private set; }

    /// <summary>The group's epoch when this life of the member began; a request with an older epoch is from an earlier life.</summary>
    public int JoinedAt { get; private set; }

    /// <summary>
    /// The last target epoch for which the member has revoked and received everything; 0 before the first.
    /// </summary>
    public int MemberEpoch { get; private set; }

    /// <summary>The partitions that the member may consume, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Assigned => _assigned;

    /// <summary>The partitions whose revocation it has not confirmed yet, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Revoking => _revoking;

    /// <summary>The partitions that it will have once all revocations are confirmed, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Target => _target;

    internal TopicPattern? Pattern { get; private set; }

    /// <summary>
    /// Whether the member has nothing to revoke and nothing to receive. Comparing sizes suffices, since the assignment is a subset of the
    /// target.
    /// </summary>
    internal bool IsReconciled => _revoking.Count == 0 && _assigned.Count == _target.Count;

    /// <summary>An immutable copy of <see cref="Assigned"/>.</summary>
    internal ImmutableArray<TopicPartition> Assignment => _assignment.IsDefault ? _assignment = [.. _assigned] : _assignment;

    internal bool Subscribes(TopicName topic) =>
        Profile.Subscription.Topics.AsSpan().BinarySearch(topic) >= 0 || Pattern?.Matches(topic) == true;

    internal void Update(MemberProfile profile, TopicPattern? pattern, int joinedAt)
    {
        Invariant.Check(joinedAt >= JoinedAt, "epochs never fall");
        (Profile, Pattern, JoinedAt) = (profile, pattern, joinedAt);
    }

    internal void Reach(int targetEpoch)
    {
        Invariant.Check(targetEpoch >= MemberEpoch, "epochs never fall");
        MemberEpoch = targetEpoch;
    }

    internal void AddTarget(TopicPartition partition) => Invariant.Check(_target.Add(partition));

    internal void RemoveTarget(TopicPartition partition) => Invariant.Check(_target.Remove(partition));

    internal void Assign(TopicPartition partition)
    {
        Invariant.Check(_assigned.Add(partition));
        _assignment = default;
    }

    internal void Revoke(TopicPartition partition)
    {
        Invariant.Check(_assigned.Remove(partition) && _revoking.Add(partition));
        _assignment = default;
    }

    internal void Drop(TopicPartition partition)
    {
        Invariant.Check(_revoking.Remove(partition) || _assigned.Remove(partition));
        _assignment = default;
    }

    internal void AssertInvariants(int groupEpoch)
    {
        Invariant.Check(JoinedAt <= groupEpoch && MemberEpoch <= groupEpoch, "no member is ahead of its group");
        Invariant.Check(_assigned.IsSubsetOf(_target), "a member works on nothing but its target");
        Invariant.Check(!_assigned.Overlaps(_revoking), "what is taken back is not assigned");
        var topics = _target.Select(partition => partition.Topic).Distinct();
        Invariant.Check(topics.All(Subscribes), "a member is assigned what it subscribes to");
    }
}
