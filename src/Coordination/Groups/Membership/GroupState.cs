using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The members of a group as the group's records have made them. Apply is part of the format of the journal: it derives from each record
/// who has to give up what and who gets what, so that a change of what it derives needs a new layout of the records.
/// <code>
///   Empty --Joined--> Assigning --Targeted--> Reconciling --(all confirmed)--> Stable --Targeted--> Reconciling
///     ^                   ^                       |                              |
///     |                   +-- Joined, Departed, Resubscribed (not of timeouts only) --+
///     +-- Departed, the last member, from any phase
/// </code>
/// Every record that takes partitions back raises the epoch. A confirmation counts only with an epoch that was told after that, so a
/// heartbeat that was sent before and comes late confirms nothing.
/// </summary>
public sealed class GroupState
{
    private readonly MemberIndex _members = new();
    private readonly PartitionLedger _ledger = new();
    private HashSet<GroupMember> _changed = [];

    /// <summary>The group's epoch: grows with each change of members, subscriptions and the target. It fences.</summary>
    public int Epoch { get; private set; }

    /// <summary>The epoch of the target assignment; behind <see cref="Epoch"/> where a new one is to be made.</summary>
    public int TargetEpoch { get; private set; }

    /// <summary>The assignor in use; empty without members.</summary>
    public string Assignor { get; private set; } = "";

    /// <summary>Whether only what moves is given up first; otherwise all is, by everyone, before anyone gets anything.</summary>
    public bool IsCooperative { get; private set; } = true;

    /// <summary>Where the group is.</summary>
    public GroupPhase Phase =>
        _members.Count == 0 ? GroupPhase.Empty
        : Epoch > TargetEpoch ? GroupPhase.Assigning
        : _ledger.RevokingCount > 0 ? GroupPhase.Reconciling
        : GroupPhase.Stable;

    /// <summary>The members by their ids.</summary>
    public IReadOnlyDictionary<MemberId, GroupMember> Members => _members.ById;

    /// <summary>How many partitions of each topic have an owner to be.</summary>
    internal IReadOnlyDictionary<TopicName, int> TargetCounts => _ledger.TargetCounts;

    /// <summary>Who each partition is to belong to.</summary>
    internal IReadOnlyDictionary<TopicPartition, GroupMember> Target => _ledger.Target;

    /// <summary>Whether a topic of this name concerns the group, by a name or a pattern of some member.</summary>
    public bool IsInteresting(TopicName topic) => _members.All.Any(member => member.Subscribes(topic));

    /// <summary>The member that has the instance id now.</summary>
    internal GroupMember? FindInstance(GroupInstanceId? instanceId) => instanceId is { } id ? _members.FindInstance(id) : null;

    /// <summary>The group as it is shown from outside.</summary>
    public GroupDescription Describe(GroupId groupId) => new(groupId, Phase, Epoch, Assignor, [.. _members.All.Select(Describe)]);

    private static MemberDescription Describe(GroupMember member) => new(
        member.Profile.MemberId, member.Profile.InstanceId, member.Profile.ClientId, member.Profile.Host, member.MemberEpoch,
        member.Profile.Subscription, [.. member.Assigned.Concat(member.Revoking).Order()], [.. member.Target]);

    /// <summary>How many members list an assignor.</summary>
    internal int CountListing(string assignor) => _members.CountListing(assignor);

    /// <summary>The partition if the member holds it: it is assigned to the member or not yet confirmed to be given up.</summary>
    internal HeldPartition? FindHeld(GroupMember member, TopicPartition partition) => _ledger.Find(member, partition);

    /// <summary>The members whose partitions have changed since the last call; some may be members no more.</summary>
    internal IReadOnlySet<GroupMember> TakeChanged()
    {
        var changed = _changed;
        _changed = [];
        return changed;
    }

    /// <summary>Changes the state by one record, live or replayed.</summary>
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

    /// <summary>Everything as one record.</summary>
    public GroupRecord.Snapshot Snapshot() => new(
        Epoch, TargetEpoch, Assignor, IsCooperative, MemberSnapshots.Take(_members, _ledger));

    private void Join(MemberProfile profile)
    {
        if (_members.TryGet(profile.MemberId, out var member))
        {
            _members.Change(member, profile, Epoch);
            BeginAnew(member);
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
        BeginAnew(member);
    }

    /// <summary>Whoever begins works on nothing: what was taken back is free, and what it does not want any more as well.</summary>
    private void BeginAnew(GroupMember member)
    {
        AimNoMoreAtUnsubscribed(member);
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
        AimNoMoreAtUnsubscribed(member);
        foreach (var partition in member.Assigned.Except(member.Target).ToArray())
        {
            _ledger.Revoke(partition, Epoch);
        }
    }

    private void AimNoMoreAtUnsubscribed(GroupMember member)
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
    /// Eager groups get their partitions all at once, and not while a new target is about to be made, which would take them back at once.
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
        Invariant.Check(Epoch == 0 && _members.Count == 0, "a snapshot comes first");
        (Epoch, TargetEpoch, Assignor, IsCooperative) =
            (snapshot.Epoch, snapshot.TargetEpoch, snapshot.Assignor, snapshot.IsCooperative);
        MemberSnapshots.Restore(snapshot.Members, _members, _ledger);
    }

    /// <summary>What holds after every record; looks at all members only where all may have changed.</summary>
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
