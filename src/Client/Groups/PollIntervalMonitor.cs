namespace Loire.Client;

/// <summary>Whether the application still asks for records; one that does not for <c>max.poll.interval.ms</c> is absent until it does.</summary>
internal sealed class PollIntervalMonitor(PartitionSet set, TimeSpan limit, TimeProvider time)
{
    private long _seen = -1;
    private long _awaySince;

    /// <summary>Whether it was absent when somebody looked last.</summary>
    public bool IsAbsent { get; private set; }

    /// <summary>Looks.</summary>
    /// <returns>Whether it has become absent with this look.</returns>
    public bool BecomesAbsent()
    {
        var (isAsking, count) = set.Activity;
        if (isAsking || count != _seen)
        {
            (_seen, _awaySince) = (count, time.GetTimestamp());
            IsAbsent = false;
            return false;
        }

        var wasAbsent = IsAbsent;
        IsAbsent = wasAbsent || time.GetElapsedTime(_awaySince) >= limit;
        return IsAbsent && !wasAbsent;
    }
}
