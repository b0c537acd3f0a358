using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>Indexes the members of a group by id and instance id, counts the members per assignor, and shares the parsed
/// pattern of members that subscribe to the same one, for as long as one of them does.</summary>
internal sealed class MemberIndex
{
    private readonly SortedDictionary<MemberId, GroupMember> _byId = [];
    private readonly Dictionary<GroupInstanceId, GroupMember> _byInstance = [];
    private readonly Dictionary<string, int> _assignorCounts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (TopicPattern? Parsed, int Members)> _patterns = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<MemberId, GroupMember> ById => _byId;

    public IReadOnlyCollection<GroupMember> All => _byId.Values;

    public int Count => _byId.Count;

    public GroupMember this[MemberId memberId] => _byId[memberId];

    public bool TryGet(MemberId memberId, [NotNullWhen(true)] out GroupMember? member) => _byId.TryGetValue(memberId, out member);

    public GroupMember? FindInstance(GroupInstanceId instanceId) => _byInstance.GetValueOrDefault(instanceId);

    public int CountListing(string assignor) => _assignorCounts.GetValueOrDefault(assignor);

    public GroupMember Add(MemberProfile profile, int joinedAt) =>
        Add(new GroupMember(profile, TakePattern(profile.Subscription), joinedAt));

    /// <summary>Changes a member's profile or life, and reindexes it.</summary>
    public void Change(GroupMember member, MemberProfile profile, int joinedAt)
    {
        // Taken first, so that a pattern that stays is not parsed again.
        var pattern = TakePattern(profile.Subscription);
        Remove(member);
        member.Update(profile, pattern, joinedAt);
        Add(member);
    }

    public void Remove(GroupMember member)
    {
        _byId.Remove(member.Profile.MemberId);
        foreach (var assignor in member.Profile.Subscription.Assignors)
        {
            _assignorCounts[assignor]--;
            if (_assignorCounts[assignor] == 0)
            {
                _assignorCounts.Remove(assignor);
            }
        }

        if (member.Profile.InstanceId is { } instanceId)
        {
            _byInstance.Remove(instanceId);
        }

        ReleasePattern(member.Profile.Subscription);
    }

    private GroupMember Add(GroupMember member)
    {
        _byId.Add(member.Profile.MemberId, member);
        foreach (var assignor in member.Profile.Subscription.Assignors)
        {
            _assignorCounts[assignor] = CountListing(assignor) + 1;
        }

        Invariant.Check(
            member.Profile.InstanceId is not { } instanceId || _byInstance.TryAdd(instanceId, member), "an instance id has one member");
        return member;
    }

    // A stored pattern that this .NET release no longer accepts matches nothing.
    private TopicPattern? TakePattern(MemberSubscription terms)
    {
        if (terms.Pattern is not { } text)
        {
            return null;
        }

        if (!_patterns.TryGetValue(text, out var pattern))
        {
            TopicPattern.TryParse(text, out pattern.Parsed, out _);
        }

        _patterns[text] = pattern with { Members = pattern.Members + 1 };
        return pattern.Parsed;
    }

    private void ReleasePattern(MemberSubscription terms)
    {
        if (terms.Pattern is { } text)
        {
            var pattern = _patterns[text];
            if (pattern.Members == 1)
            {
                _patterns.Remove(text);
            }
            else
            {
                _patterns[text] = pattern with { Members = pattern.Members - 1 };
            }
        }
    }
}
