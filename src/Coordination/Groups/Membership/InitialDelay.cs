namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// How long the first members of an empty group wait for others (<c>group.initial.rebalance.delay.ms</c>), as in Kafka's coordinator: one
/// delay, extended by another each time a member joins meanwhile, but in total no longer than the first member's rebalance timeout or one
/// delay, whichever is longer.
/// <code>
///   first member --delay--> no other member joined: assign
///                       --> another member joined: wait another delay, or the rest of the rebalance timeout; no time left: assign
/// </code>
/// </summary>
/// <param name="delay">A single delay; zero or more.</param>
internal sealed class InitialDelay(TimeSpan delay)
{
    private TimeSpan _left;
    private bool _hasMemberJoined;

    /// <summary>Starts the wait when the first member joins.</summary>
    /// <param name="now">The current time.</param>
    /// <param name="limit">The first member's rebalance timeout.</param>
    /// <returns>When to call <see cref="Prolong"/>, and to assign unless it returns a later time.</returns>
    public TimeSpan Begin(TimeSpan now, TimeSpan limit)
    {
        (_left, _hasMemberJoined) = (limit > delay ? limit - delay : TimeSpan.Zero, false);
        return now + delay;
    }

    /// <summary>Records that another member joined during the wait.</summary>
    public void OnMemberJoined() => _hasMemberJoined = true;

    /// <summary>Extends an elapsed wait if another member joined during it.</summary>
    /// <returns>The end of the extended wait; null if the wait is over, until the next <see cref="Begin"/>.</returns>
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
