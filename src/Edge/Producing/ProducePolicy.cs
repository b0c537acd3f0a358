using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>How batches are gathered, sent and retried. The defaults try once and wait as long as the call takes.</summary>
public sealed record ProducePolicy
{
    // A larger append delays the ones behind it by more time than the saved calls are worth.
    private const int AppendBytesTarget = 4 * 1024 * 1024;

    /// <summary>As long as timers take, which is as good as without an end.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(24);

    /// <summary>Bytes of records after which a batch is closed, before compression. A larger record has a batch of its own.</summary>
    public required int BatchBytes { get; init; }

    /// <summary>How batches are compressed.</summary>
    public CompressionType Compression { get; init; }

    /// <summary>
    /// How long a batch that is not full waits for more records. <see cref="Timeout.InfiniteTimeSpan"/> sends it only when it is full or
    /// <see cref="PartitionAccumulator.Hurry"/> is called.
    /// </summary>
    public TimeSpan Linger { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Appends of one partition that may be under way. With more than one, retries may change the order.</summary>
    public int MaxInFlight { get; init; } = 1;

    /// <summary>How long one attempt waits for the answer; then its outcome is unknown.</summary>
    public TimeSpan RequestTimeout { get; init; } = LongestTimeout;

    /// <summary>From the first record of a batch to the end of all attempts.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = LongestTimeout;

    /// <summary>Attempts after the first one. Those at another creation of the topic or with smaller batches do not count.</summary>
    public int Retries { get; init; }

    /// <summary>The pause before the first retry; it doubles, with jitter.</summary>
    public TimeSpan RetryBackoff { get; init; }

    /// <summary>The longest pause between two attempts.</summary>
    public TimeSpan RetryBackoffMax { get; init; }

    /// <summary>Whether an append whose outcome is unknown is retried, which may store records twice.</summary>
    public bool RetryUnknownOutcomes { get; init; }

    /// <summary>
    /// Whether an append with <see cref="Acks.None"/> is a one-way call. Otherwise its answer says whether the partition exists.
    /// </summary>
    public bool UnacknowledgedIsOneWay { get; init; }

    /// <summary>
    /// Whether the first batch that fails also fails those behind it, so that what is stored is always a prefix of what was added.
    /// </summary>
    public bool StopsAtFailure { get; init; }

    /// <summary>Bytes of one append, unless a single batch is larger.</summary>
    public int AppendBytes => Math.Max(AppendBytesTarget, BatchBytes);
}
