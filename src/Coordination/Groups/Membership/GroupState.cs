using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The state of a group's membership, built from its records. <see cref="Apply"/> is part of the journal format: it derives from each
/// record which partitions are revoked and granted, so changing what it derives requires a new record layout.
/// <code>
///   Empty --Joined--> Assigning --Targeted--> Reconciling --(all confirmed)--> Stable --Targeted--> Reconciling
///     ^                   ^                       |                              |
///     |                   +-- Joined, Departed, Resubscribed (not of timeouts only) --+
///     +-- Departed, the last member, from any phase
/// </code>
/// Every record that revokes partitions raises the epoch. A confirmation counts only if it carries that epoch or a later one, so a
/// heartbeat sent before the revocation confirms nothing, even if it arrives late.
/// </summary>
public sealed class GroupState
{
    private readonly MemberIndex _members = new();
    private readonly PartitionLedger _ledger = new();
    private HashSet<GroupMember> _changed = [];

    /// <summary>The group's epoch, raised by each change of members, subscriptions or the target; fences older requests.</summary>
    public int Epoch { get; private set; }

    /// <summary>The epoch of the target assignment; less than <see cref="Epoch"/> while a new target is pending.</summary>
    public int TargetEpoch { get; private set; }

    /// <summary>The assignor in use; empty without members.</summary>
    public string Assignor { get; private set; } = "";

    /// <summary>
    /// Whether members revoke only the partitions that move; otherwise all members revoke everything before any is granted.
    /// </summary>
    public bool IsCooperative { get; private set; } = true;

    /// <summary>The group's phase, derived from epochs and pending revocations.</summary>
    public GroupPhase Phase =>
        _members.Count == 0 ? GroupPhase.Empty
        : Epoch > TargetEpoch ? GroupPhase.Assigning
        : _ledger.RevokingCount > 0 ? GroupPhase.Reconciling
        : GroupPhase.Stable;

    /// <summary>The members by their ids.</summary>
    public IReadOnlyDictionary<MemberId, GroupMember> Members => _members.ById;

    /// <summary>The number of partitions of each topic in the target.</summary>
    internal IReadOnlyDictionary<TopicName, int> TargetCounts => _ledger.TargetCounts;

    /// <summary>The target member of each partition.</summary>
    internal IReadOnlyDictionary<TopicPartition, GroupMember> Target => _ledger.Target;

    /// <summary>Whether any member subscribes to the topic, by name or by pattern.</summary>
    public bool IsInteresting(TopicName topic) => _members.All.Any(member => member.Subscribes(topic));

    /// <summary>The current holder of an instance id; null if there is none.</summary>
    public GroupMember? FindInstance(GroupInstanceId? instanceId) => instanceId is { } id ? _members.FindInstance(id) : null;

    /// <summary>The description that clients see.</summary>
    public GroupDescription Describe(GroupId groupId) => new(groupId, Phase, Epoch, Assignor, [.. _members.All.Select(Describe)]);

    private static MemberDescription Describe(GroupMember member) => new(
        member.Profile.MemberId, member.Profile.InstanceId, member.Profile.ClientId, member.Profile.Host, member.MemberEpoch,
        member.Profile.Subscription, [.. member.Assigned.Concat(member.Revoking).Order()], [.. member.Target],
        member.Profile.Subscription.IsClassic ? new ClassicMemberData(member.Profile.Subscription.Classic[0].Metadata, default) : null);

    /// <summary>How many members list an assignor.</summary>
    internal int CountListing(string assignor) => _members.CountListing(assignor);

    /// <summary>The partition if the member holds it: assigned, or revoked but not confirmed yet.</summary>
    internal HeldPartition? FindHeld(GroupMember member, TopicPartition partition) => _ledger.Find(member, partition);

    /// <summary>Takes the members whose partitions have changed since the last call; some may have left since.</summary>
    internal IReadOnlySet<GroupMember> TakeChanged()
    {
        var changed = _changed;
        _changed = [];
        return changed;
    }

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(GroupRecord record)
    {
        switch (record)
        {
            case GroupRecord.Joined joined:
                Epoch++;
                Join(joined.Member);
                break;
            case GroupRecord.Replaced replaced:
                Replace(_members[replaced.MemberId], replaced.Successor);
                break;
            case GroupRecord.Departed departed:
                Epoch++;
                Depart(_members[departed.MemberId]);
                break;
            case GroupRecord.Resubscribed resubscribed:
                Resubscribe(_members[resubscribed.MemberId], resubscribed.Subscription);
                break;
            case GroupRecord.Released released:
                FreeAll(_members[released.MemberId], released.Partitions);
                break;
            case GroupRecord.Targeted targeted:
                SetTarget(targeted);
                break;
            case GroupRecord.Snapshot snapshot:
                Restore(snapshot);
                break;
            default:
                throw new InvariantException($"a record of type {record.GetType().Name} is known");
        }

        Settle(record);
    }

    /// <summary>The whole state as one record.</summary>
    public GroupRecord.Snapshot Snapshot() => new(
        Epoch, TargetEpoch, Assignor, IsCooperative, MemberSnapshots.Take(_members, _ledger));

    private void Join(MemberProfile profile)
    {
        if (_members.TryGet(profile.MemberId, out var member))
        {
            _members.Change(member, profile, Epoch);
            Restart(member);
        }
        else
        {
            _members.Add(profile, Epoch);
        }
    }

    private void Replace(GroupMember member, MemberProfile successor)
    {
        Invariant.Check(!_members.TryGet(successor.MemberId, out _), "a successor is new");
        Invariant.Check(
            successor.InstanceId is not null && successor.InstanceId == member.Profile.InstanceId, "a successor has the instance id");
        Epoch += successor.Subscription.AssignsLike(member.Profile.Subscription) ? 0 : 1;
        _members.Change(member, successor, Epoch);
        Restart(member);
    }

    /// <summary>A new life consumes nothing yet, so partitions being revoked and those no longer in its target are free at once.</summary>
    private void Restart(GroupMember member)
    {
        RemoveUnsubscribedTargets(member);
        var unwanted = member.Assigned.Except(member.Target);
        FreeAll(member, [.. member.Revoking, .. unwanted]);
        _ledger.Touch(member);
    }

    private void Depart(GroupMember member)
    {
        _members.Remove(member);
        foreach (var partition in member.Target.ToArray())
        {
            _ledger.SetTarget(partition, null);
        }

        FreeAll(member, [.. member.Assigned, .. member.Revoking]);
        if (_members.Count == 0)
        {
            (TargetEpoch, Assignor, IsCooperative) = (Epoch, "", true);
        }
    }

    private void Resubscribe(GroupMember member, MemberSubscription subscription)
    {
        Epoch += subscription.AssignsLike(member.Profile.Subscription) ? 0 : 1;
        _members.Change(member, member.Profile with { Subscription = subscription }, member.JoinedAt);
        RemoveUnsubscribedTargets(member);
        foreach (var partition in member.Assigned.Except(member.Target).ToArray())
        {
            _ledger.Revoke(partition, Epoch);
        }
    }

    private void RemoveUnsubscribedTargets(GroupMember member)
    {
        foreach (var topic in member.Target.GroupBy(partition => partition.Topic).Where(topic => !member.Subscribes(topic.Key)).ToArray())
        {
            foreach (var partition in topic)
            {
                _ledger.SetTarget(partition, null);
            }
        }
    }

    private void SetTarget(GroupRecord.Targeted targeted)
    {
        Invariant.Check(targeted.Epoch > Epoch && _members.Count > 0, "a new target has a new epoch");
        (Epoch, TargetEpoch, Assignor, IsCooperative) = (targeted.Epoch, targeted.Epoch, targeted.Assignor, targeted.IsCooperative);
        var moved = targeted.Gained.SelectMany(gain => gain.Partitions).Concat(targeted.Unassigned).ToArray();
        foreach (var (memberId, partitions) in targeted.Gained)
        {
            foreach (var partition in partitions)
            {
                _ledger.SetTarget(partition, _members[memberId]);
            }
        }

        foreach (var partition in targeted.Unassigned)
        {
            _ledger.SetTarget(partition, null);
        }

        if (IsCooperative)
        {
            foreach (var partition in moved)
            {
                _ledger.RevokeIfMoved(partition, Epoch);
            }
        }
        else if (moved.Length > 0)
        {
            foreach (var partition in _members.All.SelectMany(member => member.Assigned).ToArray())
            {
                _ledger.Revoke(partition, Epoch);
            }
        }

        Grant(_ledger.Target.Keys);
    }

    private void FreeAll(GroupMember member, IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _ledger.Free(member, partition);
        }

        Grant(IsCooperative ? partitions : _ledger.Target.Keys);
    }

    /// <summary>
    /// Eager groups get their partitions all at once, and not while a new target is pending, which would revoke them again immediately.
    /// </summary>
    private void Grant(IEnumerable<TopicPartition> partitions)
    {
        if (IsCooperative || (_ledger.RevokingCount == 0 && TargetEpoch == Epoch))
        {
            foreach (var partition in partitions)
            {
                _ledger.GrantIfFree(partition, Epoch);
            }
        }
    }

    private void Restore(GroupRecord.Snapshot snapshot)
    {
        Invariant.Check(_members.Count == 0 && snapshot.Epoch >= Epoch, "a snapshot comes first, or takes over the members of a classic group");
        (Epoch, TargetEpoch, Assignor, IsCooperative) =
            (snapshot.Epoch, snapshot.TargetEpoch, snapshot.Assignor, snapshot.IsCooperative);
        MemberSnapshots.Restore(snapshot.Members, _members, _ledger);
    }

    /// <summary>
    /// Advances member epochs and checks the invariants after each record. Visits all members only if the record may affect all of them.
    /// </summary>
    private void Settle(GroupRecord record)
    {
        Invariant.Check(TargetEpoch <= Epoch, "the target is not ahead of its group");
        var touched = _ledger.TakeTouched();
        _changed.UnionWith(touched);
        var concernsAll = record is GroupRecord.Targeted or GroupRecord.Snapshot;
        foreach (var member in concernsAll ? _members.All : (IEnumerable<GroupMember>)touched)
        {
            if (member.IsReconciled && record is not GroupRecord.Snapshot)
            {
                member.Reach(TargetEpoch);
            }

            member.AssertInvariants(Epoch);
        }

        if (concernsAll)
        {
            _ledger.AssertInvariants(_members.All);
            Invariant.Check(Phase != GroupPhase.Stable || _members.All.All(member => member.IsReconciled), "a stable group rests");
        }
    }
}
