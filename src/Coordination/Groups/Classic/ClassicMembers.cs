using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>The members of a classic group by id and instance id, their leader, and the protocols that they have in common.</summary>
internal sealed class ClassicMembers
{
    private readonly Dictionary<MemberId, ClassicMember> _byId = [];
    private readonly Dictionary<GroupInstanceId, ClassicMember> _byInstance = [];
    private readonly Dictionary<string, int> _supporters = new(StringComparer.Ordinal);
    private long _joined;
    private long _metadataBytes;

    /// <summary>The member that assigns; null without members.</summary>
    public ClassicMember? Leader { get; private set; }

    public int Count => _byId.Count;

    /// <summary>How many wait for the rebalance.</summary>
    public int JoiningCount { get; private set; }

    /// <summary>In the order in which they joined.</summary>
    public IEnumerable<ClassicMember> All => _byId.Values.OrderBy(member => member.Number);

    /// <summary>The longest time that a rebalance waits; zero without members.</summary>
    public TimeSpan RebalanceTimeout => _byId.Values.Select(member => member.Profile.RebalanceTimeout).DefaultIfEmpty().Max();

    public bool TryGet(MemberId? id, [NotNullWhen(true)] out ClassicMember? member)
    {
        member = id is { } given ? _byId.GetValueOrDefault(given) : null;
        return member is not null;
    }

    public ClassicMember? FindInstance(GroupInstanceId? id) => id is { } given ? _byInstance.GetValueOrDefault(given) : null;

    public ClassicMember Add(ClassicProfile profile)
    {
        var member = new ClassicMember(profile, ++_joined);
        Add(member);
        Leader ??= member;
        return member;
    }

    /// <summary>Removes a member; if it leads, the one that joined first does from now on.</summary>
    public void Remove(ClassicMember member)
    {
        Unlink(member);
        if (Leader == member)
        {
            Leader = _byId.Count == 0 ? null : _byId.Values.MinBy(one => one.Number);
        }
    }

    /// <summary>Changes the terms of a member.</summary>
    public void Update(ClassicMember member, ClassicProfile profile)
    {
        Unlink(member);
        member.Profile = profile;
        Add(member);
    }

    /// <summary>Puts a successor in the place of a member, also in the lead.</summary>
    public ClassicMember Replace(ClassicMember member, ClassicProfile successor)
    {
        Unlink(member);
        var next = new ClassicMember(successor, member.Number);
        Add(next);
        Leader = Leader == member ? next : Leader;
        return next;
    }

    /// <summary>The bytes of all metadata once a member has joined, or joined again.</summary>
    public long MetadataBytesWith(ClassicJoin join)
    {
        var member = TryGet(join.MemberId, out var known) ? known : FindInstance(join.InstanceId);
        return _metadataBytes - (member is null ? 0 : BytesOf(member.Profile.Protocols)) + BytesOf(join.Protocols);
    }

    public void LeadBy(MemberId id) => Leader = _byId[id];

    /// <summary>Notes the JoinGroup of a member that waits; null if it waits no longer. Returns the one before.</summary>
    public long? SetJoinCall(ClassicMember member, long? call)
    {
        var before = member.JoinCall;
        JoiningCount += (call is null ? 0 : 1) - (before is null ? 0 : 1);
        member.JoinCall = call;
        return before;
    }

    /// <summary>Makes one that has joined again the leader, unless the leader has; false if none has.</summary>
    public bool ElectJoined()
    {
        if (Leader is { JoinCall: null })
        {
            Leader = All.FirstOrDefault(member => member.JoinCall is not null) ?? Leader;
        }

        return Leader is { JoinCall: not null };
    }

    /// <summary>Whether all members support one of the protocols.</summary>
    public bool SupportsAny(ImmutableArray<ClassicProtocol> protocols) => protocols.Any(protocol => IsCommon(protocol.Name));

    /// <summary>
    /// The protocol with the most votes: each member votes for the first of its own that all support. Of several the leader's choice counts.
    /// </summary>
    public string Select()
    {
        var votes = _byId.Values.CountBy(member => member.Profile.Protocols.First(protocol => IsCommon(protocol.Name)).Name).ToDictionary();
        var most = votes.Values.Max();
        return Leader!.Profile.Protocols.First(protocol => votes.GetValueOrDefault(protocol.Name) == most).Name;
    }

    private static long BytesOf(ImmutableArray<ClassicProtocol> protocols) => protocols.Sum(protocol => (long)protocol.Metadata.Length);

    private bool IsCommon(string protocol) => _supporters.GetValueOrDefault(protocol) == Count;

    private void Add(ClassicMember member)
    {
        _byId.Add(member.Id, member);
        if (member.Profile.InstanceId is { } instance)
        {
            _byInstance.Add(instance, member);
        }

        Tally(member, 1);
    }

    private void Unlink(ClassicMember member)
    {
        Invariant.Check(_byId.Remove(member.Id));
        if (member.Profile.InstanceId is { } instance)
        {
            _byInstance.Remove(instance);
        }

        Tally(member, -1);
    }

    private void Tally(ClassicMember member, int by)
    {
        JoiningCount += member.JoinCall is null ? 0 : by;
        _metadataBytes += by * BytesOf(member.Profile.Protocols);
        foreach (var protocol in member.Profile.Protocols)
        {
            _supporters[protocol.Name] = _supporters.GetValueOrDefault(protocol.Name) + by;
            if (_supporters[protocol.Name] == 0)
            {
                _supporters.Remove(protocol.Name);
            }
        }
    }
}
