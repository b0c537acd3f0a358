using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>How batches are collected, sent and retried. By default, one attempt without a timeout.</summary>
public sealed record ProducePolicy
{
    // A larger append delays later ones by more than the saved calls are worth.
    private const int AppendBytesTarget = 4 * 1024 * 1024;

    /// <summary>The longest timeout that timers support, in effect infinite.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(24);

    /// <summary>The size before compression, in bytes, at which a batch is closed. A larger record gets its own batch.</summary>
    public required int BatchBytes { get; init; }

    /// <summary>How batches are compressed.</summary>
    public CompressionType Compression { get; init; }

    /// <summary>
    /// How long a partial batch waits for more records. With <see cref="Timeout.InfiniteTimeSpan"/>, it is sent only when it is full or
    /// <see cref="PartitionAccumulator.Hurry"/> is called.
    /// </summary>
    public TimeSpan Linger { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// The maximum number of appends in flight per partition. With more than one, retries may change the order of records.
    /// </summary>
    public int MaxInFlight { get; init; } = 1;

    /// <summary>How long one attempt waits for an answer, after which its outcome is unknown.</summary>
    public TimeSpan RequestTimeout { get; init; } = LongestTimeout;

    /// <summary>The maximum time from the first record of a batch to the end of all attempts.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = LongestTimeout;

    /// <summary>
    /// The maximum number of attempts after the first one. Attempts on another creation of the topic or with smaller batches do not count.
    /// </summary>
    public int Retries { get; init; }

    /// <summary>The pause before the first retry; it doubles, with jitter.</summary>
    public TimeSpan RetryBackoff { get; init; }

    /// <summary>The longest pause between two attempts.</summary>
    public TimeSpan RetryBackoffMax { get; init; }

    /// <summary>
    /// Whether only those refusals are retried that come from a partition's move (<see cref="Calls.GrainCallErrors.IsMoved"/>): for a caller whose
    /// client decides about all others.
    /// </summary>
    public bool RetriesOnlyMoves { get; init; }

    /// <summary>
    /// Whether batches have a producer id and sequences (KIP-98), so that appends whose outcome is unknown are retried without storing anything twice.
    /// Needs <see cref="Acks.All"/>, one append in flight, and batches that are gathered here.
    /// </summary>
    public bool IsIdempotent { get; init; }

    /// <summary>
    /// The transaction to which the batches belong, of an idempotent producer; null for one without. After its first failure nothing more of it is sent.
    /// </summary>
    public ProducerTransaction? Transaction { get; init; }

    /// <summary>Whether an append that is not idempotent is retried if its outcome is unknown, which may store records twice.</summary>
    public bool RetryUnknownOutcomes { get; init; }

    /// <summary>
    /// Whether an append with <see cref="Acks.None"/> is a one-way call. Otherwise its answer shows whether the partition exists.
    /// </summary>
    public bool UnacknowledgedIsOneWay { get; init; }

    /// <summary>
    /// Whether the first failed batch also fails the later ones, so that the stored records are always a prefix of those added.
    /// </summary>
    public bool StopsAtFailure { get; init; }

    /// <summary>The maximum size of an append in bytes, unless a single batch is larger.</summary>
    public int AppendBytes => Math.Max(AppendBytesTarget, BatchBytes);
}
