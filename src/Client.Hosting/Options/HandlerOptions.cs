using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>What happens to a record that cannot be handled, after all repetitions, where no dead letter topic is given.</summary>
public enum PoisonPolicy
{
    /// <summary>It is logged as an error and passed over.</summary>
    Skip,

    /// <summary>Its partition stands still until the host starts again; the health check says so.</summary>
    Pause,

    /// <summary>The host stops.</summary>
    StopHost,
}

/// <summary>How often a handler that throws is tried again on the spot.</summary>
public sealed class RetryOptions
{
    /// <summary>Calls in all, from 1 on; 3 by default.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>The pause before the second call; it doubles up to <see cref="BackoffMax"/>. 100 ms by default.</summary>
    public TimeSpan Backoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause. 5 s by default.</summary>
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>A topic that records wait in before they are tried again. Records that go there lose their place in the order.</summary>
/// <param name="Topic">The topic; it must exist.</param>
/// <param name="Delay">How long a record waits there at least.</param>
public readonly record struct RetryTopic(TopicName Topic, TimeSpan Delay);

/// <summary>How a hosted consumer reads, handles and gives up.</summary>
public class HandlerOptions
{
    /// <summary>
    /// Names the consumer: positions are stored under it, and logs, metrics and health checks carry it. The handler's type by default.
    /// </summary>
    public string Name { get; set; } = "";

    /// <summary>
    /// The consumer group that this consumer joins: its instances share the partitions, and the group keeps the positions instead of
    /// <see cref="IPositionStore"/>. Null by default: then every instance reads everything. Session timeout, static membership and the
    /// assignor are options of <see cref="Consumer"/>.
    /// </summary>
    public GroupId? GroupId { get; set; }

    /// <summary>How many records are handled at once; one for each partition by default.</summary>
    public Concurrency Concurrency { get; set; } = Concurrency.PerPartition;

    /// <summary>Records of one partition that are read but not finished; then the partition pauses until half are. 1,000 by
    /// default.</summary>
    public int MaxUnfinishedPerPartition { get; set; } = 1_000;

    /// <summary>Repetition on the spot.</summary>
    public RetryOptions Retry { get; } = new();

    /// <summary>Topics for records that could not be handled on the spot, one after the other; none by default.</summary>
    public IList<RetryTopic> RetryTopics { get; } = [];

    /// <summary>
    /// Where records go that could not be handled at all, with their own bytes and headers, and headers <c>loire-*</c> that say where they
    /// come from and why; null for none, then <see cref="OnPoison"/> decides.
    /// </summary>
    public TopicName? DeadLetterTopic { get; set; }

    /// <summary>What to do with a record that could not be handled, without a dead letter topic. Standing still by default: nothing is
    /// lost.</summary>
    public PoisonPolicy OnPoison { get; set; } = PoisonPolicy.Pause;

    /// <summary>After this time the handler's token is cancelled, and the call counts as failed once it ends. Infinite by default.</summary>
    public TimeSpan HandlerTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long a host that stops waits for records that are being handled; then their tokens are cancelled. 20 s by
    /// default.</summary>
    public TimeSpan DrainOnShutdown { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often positions are committed. 5 s by default, as in Kafka's auto commit.</summary>
    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often is looked for new partitions. 30 s by default.</summary>
    public TimeSpan MetadataMaxAge { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How records are fetched. Without a committed position it begins at the first record unless this says otherwise.</summary>
    public ConsumerOptions Consumer { get; } = new() { AutoOffsetReset = OffsetSpec.Earliest };

    /// <summary>The options of the consumer underneath, which hands out bytes: what they mean is found out record by record.</summary>
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

        // A record is finished when its handler has ended, which only the session knows.
        EnableAutoCommit = false,
    };

    internal void Validate()
    {
        if (Retry.Attempts < 1 || Retry.Backoff < TimeSpan.Zero || Retry.BackoffMax < Retry.Backoff)
        {
            throw new ArgumentException("Retry needs at least one attempt, and pauses that are not negative and do not shrink.");
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
    /// <summary>Deserializes keys; null for the built-in one of the type.</summary>
    public IDeserializer<TKey>? KeyDeserializer { get; set; }

    /// <summary>Deserializes values; null for the built-in one of the type.</summary>
    public IDeserializer<TValue>? ValueDeserializer { get; set; }
}
