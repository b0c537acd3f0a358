using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// When the members of a group were heard and what they were told; nothing of it is durable. Deadlines that only move away make the
/// earliest one a lower bound, so a heartbeat costs no search.
/// </summary>
internal sealed class MemberLiveness
{
    private readonly Dictionary<MemberId, Entry> _entries = [];

    private sealed class Entry
    {
        public TimeSpan Session { get; set; }

        public TimeSpan? Rebalance { get; set; }

        public int ToldEpoch { get; set; }

        public bool HasNews { get; set; } = true;
    }

    /// <summary>No deadline is earlier; null without members.</summary>
    public TimeSpan? Earliest { get; private set; }

    /// <summary>A sign of life; begins a session if there is none.</summary>
    public void Heard(GroupMember member, TimeSpan now)
    {
        if (!_entries.TryGetValue(member.Profile.MemberId, out var entry))
        {
            _entries.Add(member.Profile.MemberId, entry = new Entry());
        }

        entry.Session = now + member.Profile.Subscription.SessionTimeout;
        Lower(entry.Session);
    }

    /// <summary>The partitions of a member have changed, or its life has.</summary>
    public void Changed(GroupMember member, TimeSpan now)
    {
        var entry = _entries[member.Profile.MemberId];
        entry.HasNews = true;
        entry.Rebalance = member.Revoking.Count == 0 ? null : entry.Rebalance ?? now + member.Profile.Subscription.RebalanceTimeout;
        if (entry.Rebalance is { } deadline)
        {
            Lower(deadline);
        }
    }

    public void Forget(MemberId memberId)
    {
        _entries.Remove(memberId);
        Earliest = _entries.Count == 0 ? null : Earliest;
    }

    /// <summary>The member comes with an epoch; an older one than it was told means that an answer is lost.</summary>
    public void CameWith(MemberId memberId, int epoch) => _entries[memberId].HasNews |= epoch < _entries[memberId].ToldEpoch;

    public bool HasNews(MemberId memberId) => _entries[memberId].HasNews;

    public void Told(MemberId memberId, int epoch) => (_entries[memberId].ToldEpoch, _entries[memberId].HasNews) = (epoch, false);

    /// <summary>Gives everyone until <paramref name="earliest"/> at least.</summary>
    public void Postpone(TimeSpan earliest)
    {
        foreach (var entry in _entries.Values)
        {
            entry.Session = Max(entry.Session, earliest);
            entry.Rebalance = entry.Rebalance is { } deadline ? Max(deadline, earliest) : null;
        }
    }

    /// <summary>The members whose time is over, in order of their ids.</summary>
    public IReadOnlyList<(MemberId MemberId, DepartureCause Cause)> Expired(TimeSpan now)
    {
        var expired = new List<(MemberId MemberId, DepartureCause Cause)>();
        TimeSpan? earliest = null;
        foreach (var (memberId, entry) in _entries)
        {
            if (entry.Session <= now || entry.Rebalance <= now)
            {
                expired.Add((memberId, entry.Session <= now ? DepartureCause.SessionExpired : DepartureCause.RebalanceTimedOut));
                continue;
            }

            var next = entry.Rebalance < entry.Session ? entry.Rebalance.Value : entry.Session;
            earliest = earliest < next ? earliest : next;
        }

        Earliest = earliest;
        expired.Sort((one, other) => one.MemberId.CompareTo(other.MemberId));
        return expired;
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Lower(TimeSpan deadline) => Earliest = Earliest < deadline ? Earliest : deadline;
}
