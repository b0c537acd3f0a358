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

/// <summary>Retries of a handler that throws, before the record moves to a retry topic.</summary>
public sealed class RetryOptions
{
    /// <summary>Handler calls in total, at least 1; 3 by default.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>The pause before the second call, doubled after each failure up to <see cref="BackoffMax"/>. 100 ms by default.</summary>
    public TimeSpan Backoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause. 5 s by default.</summary>
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>A topic in which failed records wait for another attempt. They lose their place in the partition's order.</summary>
/// <param name="Topic">An existing topic.</param>
/// <param name="Delay">The least time that a record waits in the topic.</param>
public readonly record struct RetryTopic(TopicName Topic, TimeSpan Delay);

/// <summary>How a hosted consumer reads and handles records, and what it does with those that fail.</summary>
public class HandlerOptions
{
    /// <summary>
    /// The name under which positions are stored, and that logs, metrics and health checks carry. The handler's type name by default.
    /// </summary>
    public string Name { get; set; } = "";

    /// <summary>
    /// The consumer group that this consumer joins: its instances share the partitions, and the group keeps the positions instead of
    /// <see cref="IPositionStore"/>. Null by default: then every instance reads everything. Session timeout, static membership and the
    /// assignor are options of <see cref="Consumer"/>.
    /// </summary>
    public GroupId? GroupId { get; set; }

    /// <summary>How many records are handled at once; one per partition by default.</summary>
    public Concurrency Concurrency { get; set; } = Concurrency.PerPartition;

    /// <summary>Unfinished records of one partition at which it pauses, until half of them are finished. 1,000 by
    /// default.</summary>
    public int MaxUnfinishedPerPartition { get; set; } = 1_000;

    /// <summary>Retries before the record moves to a retry topic.</summary>
    public RetryOptions Retry { get; } = new();

    /// <summary>Retry topics, tried in order; none by default.</summary>
    public IList<RetryTopic> RetryTopics { get; } = [];

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

    /// <summary>How long a stopping host waits for running handlers before it cancels their tokens. 20 s by
    /// default.</summary>
    public TimeSpan DrainOnShutdown { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The interval between commits of positions. 5 s by default, as for Kafka's auto commit.</summary>
    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The interval between checks for new partitions. 30 s by default.</summary>
    public TimeSpan MetadataMaxAge { get; set; } = TimeSpan.FromSeconds(30);

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

    internal void Validate()
    {
        if (Retry.Attempts < 1 || Retry.Backoff < TimeSpan.Zero || Retry.BackoffMax < Retry.Backoff)
        {
            throw new ArgumentException("Retry needs at least one attempt, a Backoff that is not negative, and a BackoffMax of at least Backoff.");
        }

        if (MaxUnfinishedPerPartition < 1 || CommitInterval <= TimeSpan.Zero || MetadataMaxAge <= TimeSpan.Zero || DrainOnShutdown < TimeSpan.Zero)
        {
            throw new ArgumentException(
                "MaxUnfinishedPerPartition, CommitInterval and MetadataMaxAge must be positive, and DrainOnShutdown not negative.");
        }

        RawConsumer().Check();
        if (RetryTopics.Any(topic => topic.Delay < TimeSpan.Zero) || RetryTopics.Select(topic => topic.Topic).Distinct().Count() != RetryTopics.Count)
        {
            throw new ArgumentException("Retry topics must differ from each other, and their delays must not be negative.");
        }
    }
}

/// <summary>The options of a hosted consumer with the deserializers of its types.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed class HandlerOptions<TKey, TValue> : HandlerOptions
{
    /// <summary>Deserializes keys; null for the built-in deserializer.</summary>
    public IDeserializer<TKey>? KeyDeserializer { get; set; }

    /// <summary>Deserializes values; null for the built-in deserializer.</summary>
    public IDeserializer<TValue>? ValueDeserializer { get; set; }
}
