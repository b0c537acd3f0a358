using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// Tracks session and rebalance deadlines, the epochs last sent to members, and who has gone for a while; not durable. Heartbeats only move deadlines
/// later, so <see cref="Earliest"/> remains a lower bound without a search.
/// </summary>
internal sealed class MemberLiveness
{
    private readonly Dictionary<MemberId, Entry> _entries = [];

    private sealed class Entry
    {
        public TimeSpan Session { get; set; }

        public TimeSpan? Rebalance { get; set; }

        public int SentEpoch { get; set; }

        public bool HasNews { get; set; } = true;

        public string? Incarnation { get; set; }

        public bool IsPresent { get; set; }

        public bool IsAway { get; set; }
    }

    /// <summary>A lower bound of all deadlines; null without members.</summary>
    public TimeSpan? Earliest { get; private set; }

    /// <summary>Renews the member's session, or starts one.</summary>
    public void RenewSession(GroupMember member, TimeSpan now)
    {
        if (!_entries.TryGetValue(member.Profile.MemberId, out var entry))
        {
            _entries.Add(member.Profile.MemberId, entry = new Entry());
        }

        entry.Session = now + member.Profile.Subscription.SessionTimeout;
        LowerEarliest(entry.Session);
    }

    /// <summary>Marks a member whose partitions or life have changed; its rebalance deadline ends if it has nothing to revoke any more.</summary>
    public void MarkChanged(GroupMember member)
    {
        var entry = _entries[member.Profile.MemberId];
        entry.HasNews = true;
        entry.Rebalance = member.Revoking.Count == 0 ? null : entry.Rebalance;
    }

    /// <summary>Starts the rebalance deadline of a member that has been told to revoke partitions; until then only its session ends.</summary>
    public void MarkTold(GroupMember member, TimeSpan now)
    {
        if (member.Revoking.Count > 0)
        {
            var entry = _entries[member.Profile.MemberId];
            entry.Rebalance ??= now + member.Profile.Subscription.RebalanceTimeout;
            LowerEarliest(entry.Rebalance.Value);
        }
    }

    /// <summary>Notes that the member itself has sent a request since the machine started.</summary>
    public void MarkPresent(MemberId memberId) => (_entries[memberId].IsPresent, _entries[memberId].IsAway) = (true, false);

    /// <summary>The member has said that it goes for a while.</summary>
    public void MarkAway(MemberId memberId) => (_entries[memberId].IsPresent, _entries[memberId].IsAway) = (false, true);

    /// <summary>Whether the member is known to be there: it has been heard of, and has not gone.</summary>
    public bool IsPresent(MemberId memberId) => _entries[memberId].IsPresent;

    /// <summary>Whether the member has gone for a while.</summary>
    public bool IsAway(MemberId memberId) => _entries.GetValueOrDefault(memberId)?.IsAway == true;

    public void Remove(MemberId memberId)
    {
        _entries.Remove(memberId);
        Earliest = _entries.Count == 0 ? null : Earliest;
    }

    /// <summary>
    /// Compares the epoch in a member's heartbeat with the last one sent to it: an older epoch means that an answer was lost.
    /// </summary>
    public void CheckEpoch(MemberId memberId, int epoch) => _entries[memberId].HasNews |= epoch < _entries[memberId].SentEpoch;

    /// <summary>Whether another consumer is known to have taken over the member id.</summary>
    public bool IsAnother(MemberId memberId, string? incarnation) =>
        incarnation is not null && _entries.GetValueOrDefault(memberId)?.Incarnation is { } known && known != incarnation;

    /// <summary>Notes which consumer the member is.</summary>
    public void SetIncarnation(MemberId memberId, string? incarnation) => _entries[memberId].Incarnation = incarnation;

    public int SentEpoch(MemberId memberId) => _entries[memberId].SentEpoch;

    public bool HasNews(MemberId memberId) => _entries[memberId].HasNews;

    public void MarkAnswered(MemberId memberId, int epoch) => (_entries[memberId].SentEpoch, _entries[memberId].HasNews) = (epoch, false);

    /// <summary>Moves every earlier deadline to <paramref name="earliest"/>.</summary>
    public void Postpone(TimeSpan earliest)
    {
        foreach (var entry in _entries.Values)
        {
            entry.Session = Max(entry.Session, earliest);
            entry.Rebalance = entry.Rebalance is { } deadline ? Max(deadline, earliest) : null;
        }
    }

    /// <summary>
    /// The members whose session or rebalance deadline has passed, in order of their ids. Recomputes <see cref="Earliest"/>.
    /// </summary>
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

    private void LowerEarliest(TimeSpan deadline) => Earliest = Earliest < deadline ? Earliest : deadline;
}
