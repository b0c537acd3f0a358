using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>What happens to a record whose retries are exhausted when no dead letter topic is set.</summary>
public enum PoisonPolicy
{
    /// <summary>The record is logged as an error and skipped.</summary>
    Skip,

    /// <summary>The partition stalls until the host restarts; the health check reports it.</summary>
    Pause,

    /// <summary>The host stops.</summary>
    StopHost,
}

/// <summary>Retries of a handler that throws, before the record counts as failed.</summary>
public sealed class RetryOptions
{
    /// <summary>Handler calls in total, at least 1; 3 by default.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>The pause before the second call, doubled after each failure up to <see cref="BackoffMax"/>. 100 ms by default.</summary>
    public TimeSpan Backoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause. 5 s by default.</summary>
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>How a hosted handler reads records, how often it is called with one, and what happens to those that fail.</summary>
public abstract class RecordHandlingOptions
{
    private protected RecordHandlingOptions()
    {
    }

    /// <summary>
    /// The name that logs, metrics and health checks carry, and under which positions without a group are stored. The handler's type name by default.
    /// </summary>
    public string Name { get; set; } = "";

    /// <summary>
    /// The consumer group that the handler's consumer joins: the instances of a service share the partitions, and the group keeps the positions. Session timeout,
    /// static membership and the assignor are options of <see cref="Consumer"/>.
    /// </summary>
    public GroupId? GroupId { get; set; }

    /// <summary>Retries before the record counts as failed.</summary>
    public RetryOptions Retry { get; } = new();

    /// <summary>
    /// The topic for records whose retries are exhausted. They keep their bytes and headers, and get headers <c>loire-*</c> with their
    /// origin and the failure. Null for none; then <see cref="OnPoison"/> decides.
    /// </summary>
    public TopicName? DeadLetterTopic { get; set; }

    /// <summary>What to do with a record whose retries are exhausted, without a dead letter topic. By default the partition stalls and no
    /// record is lost.</summary>
    public PoisonPolicy OnPoison { get; set; } = PoisonPolicy.Pause;

    /// <summary>The time after which a handler's token is cancelled; the call then counts as failed. Infinite by default.</summary>
    public TimeSpan HandlerTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How records are fetched. Reading starts at the earliest record where no position is committed, unless set otherwise.
    /// </summary>
    public ConsumerOptions Consumer { get; } = new() { AutoOffsetReset = OffsetSpec.Earliest };

    /// <summary>The options of the underlying consumer of bytes; each record is deserialized separately, beside its handler.</summary>
    internal ConsumerOptions<byte[], byte[]> RawConsumer() => new()
    {
        ClientId = Name,
        AutoOffsetReset = Consumer.AutoOffsetReset,
        IsolationLevel = Consumer.IsolationLevel,
        FetchMinBytes = Consumer.FetchMinBytes,
        FetchMaxWait = Consumer.FetchMaxWait,
        MaxPartitionFetchBytes = Consumer.MaxPartitionFetchBytes,
        MaxBufferedBytesPerPartition = Consumer.MaxBufferedBytesPerPartition,
        MaxPollRecords = Consumer.MaxPollRecords,
        RequestTimeout = Consumer.RequestTimeout,
        RetryBackoff = Consumer.RetryBackoff,
        RetryBackoffMax = Consumer.RetryBackoffMax,
        UnavailableTimeout = Consumer.UnavailableTimeout,
        GroupId = GroupId,
        GroupInstanceId = Consumer.GroupInstanceId,
        SessionTimeout = Consumer.SessionTimeout,
        MaxPollInterval = Consumer.MaxPollInterval,
        PartitionAssignmentStrategy = Consumer.PartitionAssignmentStrategy,

        // Only the session knows when a handler has finished with a record.
        EnableAutoCommit = false,
    };

    internal virtual void Validate()
    {
        if (Retry.Attempts < 1 || Retry.Backoff < TimeSpan.Zero || Retry.BackoffMax < Retry.Backoff)
        {
            throw new ArgumentException("Retry needs at least one attempt, a Backoff that is not negative, and a BackoffMax of at least Backoff.");
        }

        RawConsumer().Check();
    }
}
