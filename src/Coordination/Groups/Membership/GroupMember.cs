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

    /// <summary>Who it is and what it wants.</summary>
    public MemberProfile Profile { get; private set; }

    /// <summary>The group's epoch when this life of the member began: whoever comes with an older one is an earlier life.</summary>
    public int JoinedAt { get; private set; }

    /// <summary>
    /// The target epoch that it has reached: it has given up all that is not its any more, and got all that is its; 0 before the first.
    /// </summary>
    public int MemberEpoch { get; private set; }

    /// <summary>What it may work on, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Assigned => _assigned;

    /// <summary>What it has yet to confirm to have given up, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Revoking => _revoking;

    /// <summary>What it will work on when everyone has given up what is not theirs any more, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Target => _target;

    internal TopicPattern? Pattern { get; private set; }

    /// <summary>
    /// Nothing to give up, nothing to wait for; being a part of the target, the assignment is all of it if it has its size.
    /// </summary>
    internal bool IsReconciled => _revoking.Count == 0 && _assigned.Count == _target.Count;

    /// <summary><see cref="Assigned"/> as a value that later steps do not change.</summary>
    internal ImmutableArray<TopicPartition> Assignment => _assignment.IsDefault ? _assignment = [.. _assigned] : _assignment;

    internal bool Subscribes(TopicName topic) =>
        Profile.Subscription.Topics.AsSpan().BinarySearch(topic) >= 0 || Pattern?.Matches(topic) == true;

    internal void Become(MemberProfile profile, TopicPattern? pattern, int joinedAt)
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
