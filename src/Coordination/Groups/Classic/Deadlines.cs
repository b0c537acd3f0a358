using Loire.Model;

namespace Loire.Coordination.Groups.Classic;

/// <summary>
/// When members are given up. A deadline that moves is only noted, so <see cref="Earliest"/> is a lower bound without a search; not durable.
/// </summary>
internal sealed class Deadlines
{
    private readonly Dictionary<MemberId, TimeSpan> _byMember = [];

    /// <summary>A lower bound of all deadlines; null if there is none.</summary>
    public TimeSpan? Earliest { get; private set; }

    /// <summary>Sets or moves the deadline of a member.</summary>
    public void Set(MemberId member, TimeSpan at)
    {
        _byMember[member] = at;
        Earliest = Earliest < at ? Earliest : at;
    }

    public void Remove(MemberId member)
    {
        _byMember.Remove(member);
        Earliest = _byMember.Count == 0 ? null : Earliest;
    }

    public void Clear()
    {
        _byMember.Clear();
        Earliest = null;
    }

    /// <summary>Moves every earlier deadline to <paramref name="earliest"/>.</summary>
    public void Postpone(TimeSpan earliest)
    {
        foreach (var (member, at) in _byMember)
        {
            _byMember[member] = at < earliest ? earliest : at;
        }

        Earliest = _byMember.Count == 0 ? null : _byMember.Values.Min();
    }

    /// <summary>Removes and returns the members whose deadline has passed, in order of their ids.</summary>
    public IReadOnlyList<MemberId> TakeExpired(TimeSpan now)
    {
        MemberId[] expired = [.. _byMember.Where(entry => entry.Value <= now).Select(entry => entry.Key).Order()];
        foreach (var member in expired)
        {
            _byMember.Remove(member);
        }

        Earliest = _byMember.Count == 0 ? null : _byMember.Values.Min();
        return expired;
    }
}
