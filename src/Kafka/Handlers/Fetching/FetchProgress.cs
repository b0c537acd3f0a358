using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>How far a fetch has come: whether it may be answered, and otherwise what it still waits for.</summary>
/// <param name="isolation">Where reading ends.</param>
/// <param name="minBytes">How many bytes end the wait.</param>
internal struct FetchProgress(IsolationLevel isolation, int minBytes)
{
    private long _bytes;
    private int _readable;
    private bool _isDecided;

    /// <summary>Counts a partition.</summary>
    /// <param name="read">What was read of it; null if nothing was there.</param>
    /// <param name="limit">The partition's own limit in bytes.</param>
    /// <param name="isLeftOut">Whether its records do not fit into the answer any more.</param>
    public void Add(PartitionRead? read, long limit, bool isLeftOut)
    {
        if (read is { Error: not ErrorCode.None })
        {
            _isDecided |= !read.IsUnknown;
            return;
        }

        _readable++;
        _bytes += read?.Bytes ?? 0;
        _isDecided |= isLeftOut || read is { Diverging: not null } || (read is { Bytes: > 0 } && (read.Bytes >= limit || read.HasMore(isolation)));
    }

    /// <summary>
    /// Whether to answer at once: enough bytes, no partition that could bring some, one that has brought all that fits, an error found in a log, or records of the
    /// client that are not part of a log.
    /// </summary>
    public readonly bool IsDone => _isDecided || _readable == 0 || _bytes >= minBytes;

    /// <summary>
    /// How many bytes more one partition must have before the fetch looks at all of them again. If all together have what is missing, at least one has that.
    /// </summary>
    public readonly int Share => (int)Math.Max(1, (minBytes - _bytes + _readable - 1) / Math.Max(1, _readable));
}
