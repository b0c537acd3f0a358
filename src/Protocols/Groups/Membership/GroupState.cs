using Loire.Model;

namespace Loire.Protocols.Groups.Membership;

/// <summary>The members of a group as the group's records have made them.</summary>
public sealed class GroupState
{
    private readonly SortedDictionary<string, GroupMember> _members = new(StringComparer.Ordinal);

    /// <summary>The group's epoch: grows with each change of members, subscriptions and topics.</summary>
    public int Epoch { get; private set; }

    /// <summary>The assignor in use; empty without members.</summary>
    public string Assignor { get; private set; } = "";

    /// <summary>Where the group is.</summary>
    public MembershipPhase Phase => _members.Count == 0 ? MembershipPhase.Empty : MembershipPhase.Assigning;

    /// <summary>The members by their ids.</summary>
    public IReadOnlyDictionary<string, GroupMember> Members => _members;

    /// <summary>Whether a topic of this name concerns the group, by a name or a pattern of some member.</summary>
    public bool IsInteresting(TopicName topic) => _members.Values.Any(member => member.Profile.Subscription.Topics.Contains(topic));

    /// <summary>Changes the state by one record, live or replayed.</summary>
    public void Apply(GroupRecord record)
    {
        if (record is GroupRecord.Targeted targeted)
        {
            (Epoch, Assignor) = (targeted.Epoch, targeted.Assignor);
        }
    }

    /// <summary>Everything as one record.</summary>
    public GroupRecord Snapshot() => new GroupRecord.Snapshot(Epoch, Epoch, Assignor, true, []);
}

/// <summary>A member of a group.</summary>
/// <param name="profile">Who it is and what it wants.</param>
public sealed class GroupMember(MemberProfile profile)
{
    /// <summary>Who it is and what it wants.</summary>
    public MemberProfile Profile { get; } = profile;

    /// <summary>The epoch that it has reached.</summary>
    public int MemberEpoch { get; private set; }

    /// <summary>What it may work on, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Assigned { get; } = [];

    /// <summary>What it has yet to confirm to have given up, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Revoking { get; } = [];

    /// <summary>What it will work on when everyone has given up what is not theirs any more, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Target { get; } = [];
}
