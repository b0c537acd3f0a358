using Loire.Grains.Groups;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Partitions;

namespace Loire.Grains.Hosting;

/// <summary>What an operator may tune of the grains. Checked when the silo starts.</summary>
public sealed class LoireGrainsOptions
{
    /// <summary>
    /// Bytes of stored objects that a silo keeps in memory for reads, over all its partitions. 256 MiB holds the last seconds of a fully
    /// used disk, which is what consumers that keep up read.
    /// </summary>
    public long CacheBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>
    /// The bounds of each partition's log. Chunks from 128 KiB on are kept as they are: merging them into segments would write every byte a
    /// second time, which costs a busy disk more than half of its throughput, and reading pieces of that size is sequential enough.
    /// </summary>
    public PartitionLogOptions PartitionLog { get; set; } = new() { WholeChunkBytes = 128 * 1024 };

    /// <summary>The bounds of the journals of topics, groups and catalogs.</summary>
    public JournalOptions Journal { get; set; } = new();

    /// <summary>
    /// How long an append waits for room when a partition has <see cref="ChainOptions.PendingBytes"/> pending; then it is refused with a
    /// retriable error. Well below the 30 seconds after which a caller gives up, so that the caller learns that nothing was appended.
    /// </summary>
    public TimeSpan RoomWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Partitions of a topic whose creator does not say how many (Kafka's <c>num.partitions</c>).</summary>
    public int DefaultPartitions { get; set; } = 1;

    /// <summary>How many partitions a topic calls at once when it passes on a new configuration or deletes itself.</summary>
    public int TopicParallelism { get; set; } = 32;

    /// <summary>
    /// How long after a creation or deletion was interrupted the catalog sees to it, and how long it waits before the next attempt.
    /// </summary>
    public TimeSpan SettleInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Consumer groups.</summary>
    public GroupOptions Groups { get; set; } = new();
}
