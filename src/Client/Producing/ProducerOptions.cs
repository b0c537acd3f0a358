using Loire.Model;

namespace Loire.Client;

/// <summary>How a producer batches, waits and retries. The defaults are Kafka's where Kafka has one and its reason holds here.</summary>
public class ProducerOptions
{
    /// <summary>Names the producer in logs, metrics and traces.</summary>
    public string ClientId { get; set; } = "loire";

    /// <summary>When a record counts as acknowledged; all by default.</summary>
    public Acks Acks { get; set; } = Acks.All;

    /// <summary>
    /// How long a batch waits for more records before it is sent to an idle partition; zero by default. Under load batches fill by
    /// themselves, because while one append is under way the next ones gather.
    /// </summary>
    public TimeSpan Linger { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// Bytes of records after which a batch is closed, before compression. A larger record has a batch of its own. From 1 to
    /// <see cref="Limits.BatchBytes"/>; 256 KiB by default (Kafka: 16 KiB, made for many brokers and small heaps).
    /// </summary>
    public int BatchSize { get; set; } = 256 * 1024;

    /// <summary>Bytes of records that are buffered or under way; beyond it calls wait. 32 MiB by default, as in Kafka.</summary>
    public long BufferMemory { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// How long a call waits for room in the buffer, or for the grain of a topic to answer, before it fails. 60 s by default. A topic that
    /// does not exist fails at once and does not wait (as it does in Kafka), for its grain knows.
    /// </summary>
    public TimeSpan MaxBlock { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest record accepted, key, value and headers together; the topic's <c>max.message.bytes</c> holds besides. 1 MiB and
    /// 12 bytes by default.</summary>
    public int MaxRecordBytes { get; set; } = Limits.DefaultMaxMessageBytes;

    /// <summary>How batches are compressed; not at all by default.</summary>
    public CompressionType Compression { get; set; } = CompressionType.None;

    /// <summary>Attempts after the first one; unlimited by default, for <see cref="DeliveryTimeout"/> bounds them.</summary>
    public int Retries { get; set; } = int.MaxValue;

    /// <summary>
    /// From when a record is taken over to its end, retries included. At least <see cref="Linger"/> and <see cref="RequestTimeout"/> together;
    /// 120 s by default.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one attempt waits for the partition's answer; then its outcome is unknown. 30 s by default.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause before the first retry; it doubles, with jitter, up to <see cref="RetryBackoffMax"/>. 100 ms by default.</summary>
    public TimeSpan RetryBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two attempts. 1 s by default.</summary>
    public TimeSpan RetryBackoffMax { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Appends under way to one partition. 1 by default, which keeps the order of records across retries; with more, a batch that is
    /// retried may land behind a later one, as in Kafka without idempotence.
    /// </summary>
    public int MaxInFlight { get; set; } = 1;

    /// <summary>
    /// Whether an append whose outcome is unknown is tried again, at the price of storing records twice. Off by default: then such a record
    /// ends with <see cref="ProduceException.IsOutcomeUnknown"/>.
    /// </summary>
    public bool RetryUnknownOutcomes { get; set; }

    /// <summary>
    /// How long what is known of a topic is trusted; then it is asked again beside the records that go there. New partitions are used after
    /// this time at the latest. 5 minutes by default.
    /// </summary>
    public TimeSpan MetadataMaxAge { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Chooses partitions; null for <see cref="Partitioners.Default"/>. An instance serves one producer.</summary>
    public IPartitioner? Partitioner { get; set; }

    internal ProducerOptions Copy() => (ProducerOptions)MemberwiseClone();
}

/// <summary>The options of a producer with the serializers of its types.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public class ProducerOptions<TKey, TValue> : ProducerOptions
{
    /// <summary>Serializes keys; null for the built-in one of the type. At most one of the two may be set.</summary>
    public ISerializer<TKey>? KeySerializer { get; set; }

    /// <summary>Serializes keys that have to be waited for.</summary>
    public IAsyncSerializer<TKey>? AsyncKeySerializer { get; set; }

    /// <summary>Serializes values; null for the built-in one of the type. At most one of the two may be set.</summary>
    public ISerializer<TValue>? ValueSerializer { get; set; }

    /// <summary>Serializes values that have to be waited for.</summary>
    public IAsyncSerializer<TValue>? AsyncValueSerializer { get; set; }
}
