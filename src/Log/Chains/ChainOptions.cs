using Loire.Model;
using Loire.Model.Memory;

namespace Loire.Log.Chains;

/// <summary>The bounds of one chain of chunks: memory, object sizes, and budget with storage.</summary>
public class ChainOptions
{
    /// <summary>The most bytes of batches in one chunk, unless a single append is larger. Bounds one storage write.</summary>
    public int ChunkBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// The least time from the beginning of one chunk's write to that of the next; zero writes as soon as the one before is stored. A store that charges for
    /// each request is asked less often then. The first append after a pause waits for nothing; one that presses
    /// (<see cref="AppendQueue.IsPressing"/>) ends the wait.
    /// </summary>
    public TimeSpan CommitInterval { get; set; }

    /// <summary>Bytes that wait for storage, the chunk in flight included, at which appends wait for room.</summary>
    public long PendingBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Bytes of a segment merged from chunks: large enough that a cold read is sequential, small enough to be read whole.
    /// </summary>
    public int SegmentBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes from which a chunk becomes a segment as it is: merging it would only copy it.</summary>
    public int WholeChunkBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// The most chunks outside segments, which bounds the reads of opening a log. At half of it they are merged in the background; at the
    /// bound appends wait for that.
    /// </summary>
    public int TailChunks { get; init; } = 128;

    /// <summary>
    /// The most bytes of chunks outside segments; like <see cref="TailChunks"/> it bounds what opening a log reads.
    /// </summary>
    public long TailBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// The most segments listed in the head itself. Beyond it the older half moves to an index page, and pages move to pages, so that the
    /// head stays small for a log of any length.
    /// </summary>
    public int HeadSegments { get; init; } = 64;

    /// <summary>
    /// How many small chunks may be listed as they are before they are merged into segments; 0 merges the chunks of each full tail. More of
    /// them lets each byte be merged once, into a segment of a good size, and costs memory of the store's index and reads of small objects.
    /// Index pages list them, so neither the head nor what opening reads grows with them. At the latest they are merged when they fill
    /// <see cref="HeadSegments"/> pages.
    /// </summary>
    public int UnmergedChunks { get; init; }

    /// <summary>
    /// The bytes that are loaded for a sequential reader of cold data before it asks for them; 0 for none. A store in the network answers late, and
    /// answers several reads at once; a local disk reads ahead by itself.
    /// </summary>
    public long ReadAheadBytes { get; init; }

    /// <summary>
    /// The most bytes of objects that one step of a rewrite replaces, unless one alone is larger. They are loaded one after the other.
    /// </summary>
    public long RewriteBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long an unknown outcome of a storage call is retried before the log closes.</summary>
    public TimeSpan UnknownOutcomeDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause before the first retry of an unknown outcome, doubled up to <see cref="RetryDelayMax"/>.</summary>
    public TimeSpan RetryDelayMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest pause between two retries.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The instruments that the chain updates.</summary>
    public LogMetrics Metrics { get; set; } = LogMetrics.Hostless;

    /// <summary>
    /// What the logs of a silo may read from storage at once, in bytes: an opening takes little until it finds that there is much to read, a
    /// read takes the bytes of the object. Without room, a read waits. Afterwards, the cache and the caller bound the data.
    /// </summary>
    public MemoryQuota ReadMemory { get; set; } = MemoryQuota.Unlimited();

    /// <summary>
    /// Lists the store's objects, for the deletion of a log of which damage hides objects; null if the store cannot. Without it such a
    /// deletion leaves what a damaged index page listed, and fails if the head is damaged beyond one bit.
    /// </summary>
    public IObjectListing? Listing { get; set; }

    /// <summary>Returns a human-readable problem; null if the values are valid.</summary>
    public virtual string? Problem() =>
        ChunkBytes is < 1 or > Limits.BatchBytes ? $"{nameof(ChunkBytes)} must lie between 1 and {Limits.BatchBytes}."
        : CommitInterval < TimeSpan.Zero || CommitInterval > TimeSpan.FromSeconds(10) ? $"{nameof(CommitInterval)} must lie between 0 and 10 seconds."
        : PendingBytes < ChunkBytes ? $"{nameof(PendingBytes)} must be at least {nameof(ChunkBytes)}."
        : SegmentBytes is < 1 or > Limits.BatchBytes ? $"{nameof(SegmentBytes)} must lie between 1 and {Limits.BatchBytes}."
        : WholeChunkBytes < 1 || WholeChunkBytes > SegmentBytes
            ? $"{nameof(WholeChunkBytes)} must lie between 1 and {nameof(SegmentBytes)}."
        : TailChunks is < 1 or > 10_000 ? $"{nameof(TailChunks)} must lie between 1 and 10000."
        : TailBytes < 1 ? $"{nameof(TailBytes)} must be at least 1."
        : HeadSegments is < 2 or > 10_000 ? $"{nameof(HeadSegments)} must lie between 2 and 10000."
        : UnmergedChunks is < 0 or > 100_000 ? $"{nameof(UnmergedChunks)} must lie between 0 and 100000."
        : ReadAheadBytes < 0 ? $"{nameof(ReadAheadBytes)} must not be negative."
        : RewriteBytes < 1 ? $"{nameof(RewriteBytes)} must be at least 1."
        : UnknownOutcomeDeadline <= TimeSpan.Zero ? $"{nameof(UnknownOutcomeDeadline)} must be positive."
        : RetryDelayMin <= TimeSpan.Zero || RetryDelayMax < RetryDelayMin
            ? $"{nameof(RetryDelayMin)} must be positive and at most {nameof(RetryDelayMax)}."
        : null;
}
