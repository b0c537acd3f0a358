using Loire.Grains.Groups;
using Loire.Grains.Transactions;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Partitions;

namespace Loire.Grains.Hosting;

/// <summary>Settings of the grains. Validated when the silo starts.</summary>
public sealed class LoireGrainsOptions
{
    /// <summary>
    /// Bytes of stored objects that a silo caches for reads, over all its partitions. 256 MiB holds the last seconds of writes of a
    /// saturated disk, which is what consumers that keep up read.
    /// </summary>
    public long CacheBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>
    /// Bytes of appends that the partitions of a silo hold at once, from arrival until they are durable. An append beyond it is refused with
    /// <see cref="Model.ErrorCode.ThrottlingQuotaExceeded"/>, so that a slow device costs time and not memory.
    /// </summary>
    public long AppendBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Bytes that the logs of a silo read from storage at once, to open and for fetches that the cache does not serve.</summary>
    public long ReadBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>
    /// Partitions that may be open in a silo at once, about 10 KiB of memory each. Beyond it, partitions that are not used are deactivated.
    /// </summary>
    public int OpenPartitions { get; set; } = 25_000;

    /// <summary>
    /// The bounds of each partition's log, by default for a store on a local disk, where small objects are read fast and what is written counts.
    /// Chunks of at least 32 KiB are kept as they are: merging them into segments would write every byte twice, which costs a busy disk more than
    /// half of its throughput, and reads of that size are sequential enough. Smaller ones are merged once 4,096 of them wait, which give a whole
    /// segment of records of 1 KB and take 0.48 MB of the store's index, or once the partition is no longer written. See also <see cref="RemoteStoreLog"/>.
    /// </summary>
    public PartitionLogOptions PartitionLog { get; set; } = new() { WholeChunkBytes = 32 * 1024, UnmergedChunks = 4_096 };

    /// <summary>
    /// Bounds of each partition's log for a store in the network, where each read costs milliseconds: small chunks are merged soon, and only chunks of
    /// at least 128 KiB are kept as they are.
    /// </summary>
    public static PartitionLogOptions RemoteStoreLog => new() { WholeChunkBytes = 128 * 1024, ReadAheadBytes = 16 * 1024 * 1024 };

    /// <summary>The bounds of the journals of topics, groups and catalogs.</summary>
    public JournalOptions Journal { get; set; } = new();

    /// <summary>
    /// How long an append waits for room when a partition has <see cref="ChainOptions.PendingBytes"/> pending, before it is refused with
    /// a retriable error. Well below the 30 seconds after which a caller times out, so that the caller learns that nothing was appended.
    /// </summary>
    public TimeSpan RoomWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an acknowledged record may stay invisible to a reader whose partition, topic or catalog is activated twice, as Orleans
    /// allows for a while. An activation that has not written for half of this time checks storage before it answers that there is
    /// nothing more, with one or two reads; a partition with waiting fetches does so that often.
    /// </summary>
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Partitions of a topic that is created without a number of partitions (Kafka's <c>num.partitions</c>).</summary>
    public int DefaultPartitions { get; set; } = 1;

    /// <summary>How many partitions a topic calls at once to distribute new settings or to delete itself.</summary>
    public int TopicParallelism { get; set; } = 32;

    /// <summary>
    /// How long after an interruption the catalog completes the creation or deletion of a topic, and how long it waits between attempts.
    /// </summary>
    public TimeSpan SettleInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How often the store is searched for objects that deletions have left, and for topics that the catalog lacks. Both need a write that arrives
    /// late or a crash beside damage, so it is rare; the search lists every object of the store.
    /// </summary>
    public TimeSpan StoreSweepInterval { get; set; } = TimeSpan.FromHours(6);

    /// <summary>
    /// How often the open partitions are searched for records that their topics no longer keep (Kafka's <c>log.retention.check.interval.ms</c>), and
    /// closed ones are opened for which this is known to be due.
    /// </summary>
    public TimeSpan RetentionCheckInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the open partitions of compacted topics are asked whether to compact (Kafka's <c>log.cleaner.backoff.ms</c>).</summary>
    public TimeSpan CompactionCheckInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Bytes in which compaction remembers keys (Kafka's <c>log.cleaner.dedupe.buffer.size</c>), 30 for each; more keys take more passes. Used only while
    /// a partition is compacted, by one partition at a time.
    /// </summary>
    public long CompactionMemoryBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>
    /// Bytes that compaction reads and writes in a second on average (Kafka's <c>log.cleaner.io.max.bytes.per.second</c>); at least a million.
    /// </summary>
    public long CompactionBytesPerSecond { get; set; } = 100_000_000;

    /// <summary>
    /// Bytes in which partitions of compacted topics remember where the last record of each key lies, 30 to 60 for each key; at least a MiB. Used only by partitions
    /// that are asked for keys. Beyond it the partition that was asked the longest time ago forgets its own; one that needs more than all of it refuses.
    /// </summary>
    public long KeyIndexBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>How long partitions remember an idempotent producer that appends nothing (Kafka's <c>producer.id.expiration.ms</c>).</summary>
    public TimeSpan ProducerExpiration { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Settings of consumer groups.</summary>
    public GroupOptions Groups { get; set; } = new();

    /// <summary>Settings of transactions.</summary>
    public TransactionOptions Transactions { get; set; } = new();
}
