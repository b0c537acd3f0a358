using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The current holder and the target member of each partition. A partition has at most one holder: it is assigned to that member, or the
/// member has not confirmed its revocation yet. Only then is it free for the next member.
/// <code>
///   free --Grant--> assigned --Revoke--> revoking --Free--> free        assigned --Free--> free (the member left or restarted)
/// </code>
/// </summary>
internal sealed class PartitionLedger
{
    private readonly Dictionary<TopicPartition, Holding> _held = [];
    private readonly Dictionary<TopicPartition, GroupMember> _target = [];
    private readonly Dictionary<TopicName, int> _targetCounts = [];

    /// <summary>Members whose assigned or revoked partitions have changed since the last <see cref="TakeTouched"/>.</summary>
    private HashSet<GroupMember> _touched = [];

    private readonly record struct Holding(GroupMember Member, int Since, int RevokedAt);

    /// <summary>The number of revocations that are not confirmed yet.</summary>
    public int RevokingCount { get; private set; }

    public IReadOnlyDictionary<TopicPartition, GroupMember> Target => _target;

    /// <summary>The number of partitions of each topic in the target.</summary>
    public IReadOnlyDictionary<TopicName, int> TargetCounts => _targetCounts;

    public HashSet<GroupMember> TakeTouched()
    {
        var touched = _touched;
        _touched = [];
        return touched;
    }

    public void Touch(GroupMember member) => _touched.Add(member);

    /// <summary>The partition if <paramref name="member"/> holds it; null otherwise.</summary>
    public HeldPartition? Find(GroupMember member, TopicPartition partition) =>
        _held.TryGetValue(partition, out var holding) && holding.Member == member
            ? new HeldPartition(partition, holding.Since, holding.RevokedAt)
            : null;

    public void SetTarget(TopicPartition partition, GroupMember? member)
    {
        if (_target.Remove(partition, out var before))
        {
            before.RemoveTarget(partition);
            _targetCounts[partition.Topic]--;
            if (_targetCounts[partition.Topic] == 0)
            {
                _targetCounts.Remove(partition.Topic);
            }
        }

        if (member is not null)
        {
            _target.Add(partition, member);
            member.AddTarget(partition);
            _targetCounts[partition.Topic] = _targetCounts.GetValueOrDefault(partition.Topic) + 1;
        }
    }

    /// <summary>Grants a free partition to its target member.</summary>
    public void GrantIfFree(TopicPartition partition, int epoch)
    {
        if (_target.TryGetValue(partition, out var member) && _held.TryAdd(partition, new Holding(member, epoch, 0)))
        {
            member.Assign(partition);
            Touch(member);
        }
    }

    /// <summary>Revokes an assigned partition unless its holder is its target member.</summary>
    public void RevokeIfMoved(TopicPartition partition, int epoch)
    {
        if (_held.TryGetValue(partition, out var holding) && holding.RevokedAt == 0
            && _target.GetValueOrDefault(partition) != holding.Member)
        {
            Revoke(partition, epoch);
        }
    }

    public void Revoke(TopicPartition partition, int epoch)
    {
        var holding = _held[partition];
        Invariant.Check(holding.RevokedAt == 0 && epoch > holding.Since, "a partition is taken back once, and after it was given");
        _held[partition] = holding with { RevokedAt = epoch };
        holding.Member.Revoke(partition);
        RevokingCount++;
        Touch(holding.Member);
    }

    public void Free(GroupMember member, TopicPartition partition)
    {
        Invariant.Check(_held.Remove(partition, out var holding) && holding.Member == member, "a member gives up what it holds");
        member.Drop(partition);
        RevokingCount -= holding.RevokedAt == 0 ? 0 : 1;
        Touch(member);
    }

    /// <summary>Restores one holding from a snapshot.</summary>
    public void Restore(GroupMember member, HeldPartition held)
    {
        Invariant.Check(_held.TryAdd(held.Partition, new Holding(member, held.Since, 0)), "a partition has one holder");
        member.Assign(held.Partition);
        if (held.RevokedAt != 0)
        {
            Revoke(held.Partition, held.RevokedAt);
        }
    }

    public void AssertInvariants(IReadOnlyCollection<GroupMember> members)
    {
        Invariant.Check(_held.Count == members.Sum(member => member.Assigned.Count + member.Revoking.Count), "a partition has one holder");
        Invariant.Check(_target.Count == members.Sum(member => member.Target.Count), "a partition is the target of one member");
        Invariant.Check(RevokingCount == members.Sum(member => member.Revoking.Count));
    }
}
