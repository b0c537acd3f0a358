namespace Loire.Client;

/// <summary>
/// Detects an application that has stopped requesting records: after <c>max.poll.interval.ms</c> it is absent until its next request.
/// </summary>
internal sealed class PollIntervalMonitor(PartitionSet set, TimeSpan limit, TimeProvider time)
{
    private long _seen = -1;
    private long _awaySince;

    /// <summary>Whether the application was absent at the last check.</summary>
    public bool IsAbsent { get; private set; }

    /// <summary>Checks the application.</summary>
    /// <returns>Whether it has become absent since the last check.</returns>
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
