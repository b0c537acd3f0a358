namespace Loire.Grains.Transactions;

/// <summary>Settings of transactions.</summary>
public sealed class TransactionOptions
{
    /// <summary>The longest timeout that a producer may ask for (Kafka's <c>transaction.max.timeout.ms</c>): 15 minutes.</summary>
    public TimeSpan TimeoutMax { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an id that is not used is remembered (Kafka's <c>transactional.id.expiration.ms</c>): 7 days.</summary>
    public TimeSpan IdExpiration { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How often ids are looked after that may have an open transaction (Kafka's <c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c>). Only
    /// what a dead silo left waits for it: a coordinator that is active keeps its own time.
    /// </summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often all ids are looked after, to forget those that have expired. Rare, because it activates every one of them.</summary>
    public TimeSpan ExpirySweepInterval { get; set; } = TimeSpan.FromDays(1);

    /// <summary>After how long without a transaction an id counts as idle, and is left to the rarer sweep.</summary>
    public TimeSpan IdleAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a request waits for the end of the transaction before it, so that its producer need not ask again (Kafka refuses it at once). Well below the
    /// times after which callers give up.
    /// </summary>
    public TimeSpan CompletionWait { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many partitions and groups one coordinator tells of an outcome at once.</summary>
    public int MarkersAtOnce { get; set; } = 64;

    /// <summary>
    /// How long the record that a transaction is complete waits for the next one to share its write. If it is lost, all partitions and groups are only told
    /// the outcome again.
    /// </summary>
    public TimeSpan CompletionDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The instruments that coordinators update.</summary>
    public TransactionMetrics Metrics { get; set; } = TransactionMetrics.Hostless;

    /// <summary>Returns a human-readable problem; null if the values are valid.</summary>
    public string? Problem() =>
        TimeoutMax < TimeSpan.FromMilliseconds(1) || TimeoutMax > TimeSpan.FromDays(20)
            ? $"{nameof(TimeoutMax)} must lie between a millisecond and 20 days."
        : IdExpiration < TimeSpan.FromMilliseconds(1) || IdExpiration > TimeSpan.FromDays(3650)
            ? $"{nameof(IdExpiration)} must lie between a millisecond and ten years."
        : SweepInterval < TimeSpan.FromMilliseconds(10) || SweepInterval > TimeSpan.FromHours(1)
            ? $"{nameof(SweepInterval)} must lie between 10 milliseconds and an hour."
        : ExpirySweepInterval < SweepInterval || ExpirySweepInterval > TimeSpan.FromDays(30)
            ? $"{nameof(ExpirySweepInterval)} must lie between {nameof(SweepInterval)} and 30 days."
        : IdleAfter < TimeSpan.Zero || IdleAfter > TimeSpan.FromDays(1) ? $"{nameof(IdleAfter)} must lie between 0 and a day."
        : CompletionWait < TimeSpan.Zero || CompletionWait > TimeSpan.FromSeconds(5) ? $"{nameof(CompletionWait)} must lie between 0 and 5 seconds."
        : MarkersAtOnce is < 1 or > 10_000 ? $"{nameof(MarkersAtOnce)} must lie between 1 and 10000."
        : CompletionDelay < TimeSpan.Zero || CompletionDelay > TimeSpan.FromMinutes(1) ? $"{nameof(CompletionDelay)} must lie between 0 and a minute."
        : null;
}
