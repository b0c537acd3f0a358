using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>
/// The long polls of one partition in two sorted sets, by the committed bytes that satisfy them and by deadline, so that a commit or a
/// clock tick visits only the polls that it answers, regardless of how many wait.
/// </summary>
internal sealed class LongPolls<TPoll>
    where TPoll : LongPoll
{
    private readonly SortedSet<TPoll> _byNeed = new(LongPoll.ByNeed);
    private readonly SortedSet<TPoll> _byDeadline = new(LongPoll.ByDeadline);
    private long _arrivals;

    public int Count => _byNeed.Count;

    public TimeSpan? NextDeadline => _byDeadline.Min?.Deadline;

    public void Add(TPoll poll, long need)
    {
        poll.Need = need;
        poll.Arrival = poll.Arrival == 0 ? ++_arrivals : poll.Arrival;
        Invariant.Check(_byNeed.Add(poll) && _byDeadline.Add(poll), "a poll is parked once");
    }

    public bool Remove(TPoll poll)
    {
        if (!_byNeed.Remove(poll))
        {
            return false;
        }

        Invariant.Check(_byDeadline.Remove(poll), "a parked poll is in both sets");
        return true;
    }

    public List<TPoll> TakeSatisfied(long committedBytes)
    {
        List<TPoll> satisfied = [];
        while (_byNeed.Min is { } poll && poll.Need <= committedBytes)
        {
            Remove(poll);
            satisfied.Add(poll);
        }

        return satisfied;
    }

    public List<TPoll> TakeExpired(TimeSpan now)
    {
        List<TPoll> expired = [];
        while (_byDeadline.Min is { } poll && poll.Deadline <= now)
        {
            Remove(poll);
            expired.Add(poll);
        }

        return expired;
    }
}
