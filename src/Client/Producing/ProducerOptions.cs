using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Client;

/// <summary>
/// How a producer batches, waits and retries. The defaults are Kafka's where Kafka has one and its rationale applies here.
/// </summary>
public class ProducerOptions
{
    /// <summary>Identifies the producer in logs, metrics and traces.</summary>
    public string ClientId { get; set; } = "loire";

    /// <summary>When a record counts as acknowledged; all by default.</summary>
    public Acks Acks { get; set; } = Acks.All;

    /// <summary>
    /// How long a batch waits for more records before it is sent to an idle partition; zero by default. Under load, batches fill without
    /// it, because records accumulate during an append.
    /// </summary>
    public TimeSpan Linger { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// The size before compression, in bytes, at which a batch is closed. A larger record gets its own batch. From 1 to
    /// <see cref="Limits.BatchBytes"/>; 256 KiB by default (Kafka: 16 KiB, chosen for many brokers and small heaps).
    /// </summary>
    public int BatchSize { get; set; } = 256 * 1024;

    /// <summary>The maximum number of bytes buffered or in flight; beyond it, calls wait. 32 MiB by default, as in Kafka.</summary>
    public long BufferMemory { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// How long a call waits for room in the buffer, or for the grain of a topic to answer, before it fails. 60 s by default. Unlike in
    /// Kafka, a nonexistent topic fails immediately, because its grain knows.
    /// </summary>
    public TimeSpan MaxBlock { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest accepted record in bytes, including key, value and headers; the topic's <c>max.message.bytes</c> also applies.
    /// 1 MiB and 12 bytes by default.</summary>
    public int MaxRecordBytes { get; set; } = Limits.DefaultMaxMessageBytes;

    /// <summary>How batches are compressed; none by default.</summary>
    public CompressionType Compression { get; set; } = CompressionType.None;

    /// <summary>
    /// The maximum number of attempts after the first one; unlimited by default, bounded by <see cref="DeliveryTimeout"/>.
    /// </summary>
    public int Retries { get; set; } = int.MaxValue;

    /// <summary>
    /// The maximum time from accepting a record to its outcome, including retries. At least <see cref="Linger"/> plus
    /// <see cref="RequestTimeout"/>; 120 s by default.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one attempt waits for the partition's answer, after which its outcome is unknown. 30 s by default.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The pause before the first retry; it doubles, with jitter, up to <see cref="RetryBackoffMax"/>. 100 ms by default.
    /// </summary>
    public TimeSpan RetryBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two attempts. 1 s by default.</summary>
    public TimeSpan RetryBackoffMax { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether every record is stored exactly once and in order although appends are retried whose outcome is unknown (Kafka's
    /// <c>enable.idempotence</c>): the partition recognizes what it has already. Null, the default, is true with <see cref="Acks.All"/>, which
    /// idempotence needs, and false otherwise. A cluster below feature level 3 does not support it; then the producer does without.
    /// </summary>
    public bool? EnableIdempotence { get; set; }

    /// <summary>
    /// The id of a transactional producer (Kafka's <c>transactional.id</c>), which then writes in transactions only
    /// (<see cref="IProducer{TKey, TValue}.BeginTransactionAsync"/>): the same for each restart of an instance, and different for instances that run at the same
    /// time. A producer that begins with the id fences the one before, and aborts what that has left open. None by default. Needs feature level 4.
    /// </summary>
    public TransactionalId? TransactionalId { get; set; }

    /// <summary>
    /// How long a transaction may stay open before its coordinator aborts it (Kafka's <c>transaction.timeout.ms</c>). 60 s by default; the cluster allows 15 min
    /// unless it is configured otherwise.
    /// </summary>
    public TimeSpan TransactionTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The maximum number of appends in flight per partition without idempotence. 1 by default, which preserves the order of records across retries; with
    /// more, a retried batch may be stored after a later one, as in Kafka. An idempotent producer always has one: it carries all that has gathered meanwhile.
    /// </summary>
    public int MaxInFlight { get; set; } = 1;

    /// <summary>
    /// Whether an append with an unknown outcome is retried without idempotence, which may store records twice. Off by default: such a record then fails
    /// with <see cref="ProduceException.IsOutcomeUnknown"/>. An idempotent producer always retries it, until <see cref="DeliveryTimeout"/>.
    /// </summary>
    public bool RetryUnknownOutcomes { get; set; }

    /// <summary>
    /// The maximum age of a topic's metadata, after which it is refreshed in the background while records are sent. New partitions are used
    /// after this time at the latest. 5 minutes by default.
    /// </summary>
    public TimeSpan MetadataMaxAge { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Chooses partitions; null for <see cref="Partitioners.Default"/>. An instance serves one producer.</summary>
    public IPartitioner? Partitioner { get; set; }

    /// <summary>Whether the producer is idempotent.</summary>
    internal bool IsIdempotent => EnableIdempotence ?? Acks == Acks.All;

    internal ProducerOptions Copy() => (ProducerOptions)MemberwiseClone();
}

/// <summary>The options of a producer with the serializers of its types.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public class ProducerOptions<TKey, TValue> : ProducerOptions
{
    /// <summary>Serializes keys; null for the built-in one of the type. At most one of the two may be set.</summary>
    public ISerializer<TKey>? KeySerializer { get; set; }

    /// <summary>Serializes keys asynchronously.</summary>
    public IAsyncSerializer<TKey>? AsyncKeySerializer { get; set; }

    /// <summary>Serializes values; null for the built-in one of the type. At most one of the two may be set.</summary>
    public ISerializer<TValue>? ValueSerializer { get; set; }

    /// <summary>Serializes values asynchronously.</summary>
    public IAsyncSerializer<TValue>? AsyncValueSerializer { get; set; }
}
