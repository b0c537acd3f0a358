namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// How long the first members of an empty group wait for others (<c>group.initial.rebalance.delay.ms</c>), as Kafka's coordinator has them
/// wait: for one delay; if somebody else came meanwhile, for another one; and so on, but all in all no longer than the first member's
/// rebalance timeout, unless a single delay is longer.
/// <code>
///   first member --delay--> nobody else came: assign
///                       --> somebody did: another delay, or what is left of the rebalance timeout; nothing left: assign
/// </code>
/// </summary>
/// <param name="delay">The delay.</param>
internal sealed class InitialDelay(TimeSpan delay)
{
    private TimeSpan _left;
    private bool _hasMemberJoined;

    /// <summary>The first member has come.</summary>
    /// <param name="now">The time.</param>
    /// <param name="limit">Its rebalance timeout.</param>
    /// <returns>When to assign, or to ask <see cref="Prolong"/> first.</returns>
    public TimeSpan Begin(TimeSpan now, TimeSpan limit)
    {
        (_left, _hasMemberJoined) = (limit > delay ? limit - delay : TimeSpan.Zero, false);
        return now + delay;
    }

    /// <summary>Somebody else has come while the first wait.</summary>
    public void OnMemberJoined() => _hasMemberJoined = true;

    /// <summary>The wait is over.</summary>
    /// <returns>Until when to wait again; null to assign, now and until the next <see cref="Begin"/>.</returns>
    public TimeSpan? Prolong(TimeSpan now)
    {
        if (!_hasMemberJoined || _left == TimeSpan.Zero)
        {
            (_left, _hasMemberJoined) = (TimeSpan.Zero, false);
            return null;
        }

        var next = _left < delay ? _left : delay;
        (_left, _hasMemberJoined) = (_left - next, false);
        return now + next;
    }
}
