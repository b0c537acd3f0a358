using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>The bounds of one chain of chunks: memory, object sizes, and budget with storage.</summary>
public class ChainOptions
{
    /// <summary>Bytes of batches in one chunk, at most, unless a single append is larger. Bounds one storage write.</summary>
    public int ChunkBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes that wait for storage, the chunk under way included. Beyond it appends wait.</summary>
    public long PendingBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Bytes of a segment that chunks are merged into. Large enough that a cold read is sequential, small enough to be read whole.
    /// </summary>
    public int SegmentBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>A chunk of at least this many bytes becomes a segment as it is: merging it would copy it for nothing.</summary>
    public int WholeChunkBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// Chunks that are not in a segment yet, at most: it bounds the number of reads when a log is opened. At half of it they are made into
    /// segments in the background; at the bound itself appends wait for that.
    /// </summary>
    public int TailChunks { get; init; } = 128;

    /// <summary>
    /// Bytes of chunks that are not in a segment yet: it bounds what is read when a log is opened, just as <see cref="TailChunks"/>.
    /// </summary>
    public long TailBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Segments listed in the head itself, at most; the older half of them moves to an index page, and pages to pages, so that the head
    /// stays small however long the log is.
    /// </summary>
    public int HeadSegments { get; init; } = 64;

    /// <summary>How long a storage call with an unknown outcome is followed up before the log closes.</summary>
    public TimeSpan UnknownOutcomeDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before the first follow-up of an unknown outcome; it doubles up to <see cref="RetryDelayMax"/>.</summary>
    public TimeSpan RetryDelayMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between two follow-ups.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The instruments that the chain reports to.</summary>
    public LogMetrics Metrics { get; set; } = LogMetrics.Hostless;

    /// <summary>Says what is wrong with these values; null if they are sound.</summary>
    public virtual string? Problem() =>
        ChunkBytes is < 1 or > Limits.BatchBytes ? $"{nameof(ChunkBytes)} must lie between 1 and {Limits.BatchBytes}."
        : PendingBytes < ChunkBytes ? $"{nameof(PendingBytes)} must be at least {nameof(ChunkBytes)}."
        : SegmentBytes is < 1 or > Limits.BatchBytes ? $"{nameof(SegmentBytes)} must lie between 1 and {Limits.BatchBytes}."
        : WholeChunkBytes < 1 || WholeChunkBytes > SegmentBytes
            ? $"{nameof(WholeChunkBytes)} must lie between 1 and {nameof(SegmentBytes)}."
        : TailChunks is < 1 or > 10_000 ? $"{nameof(TailChunks)} must lie between 1 and 10000."
        : TailBytes < 1 ? $"{nameof(TailBytes)} must be at least 1."
        : HeadSegments is < 2 or > 10_000 ? $"{nameof(HeadSegments)} must lie between 2 and 10000."
        : UnknownOutcomeDeadline <= TimeSpan.Zero ? $"{nameof(UnknownOutcomeDeadline)} must be positive."
        : RetryDelayMin <= TimeSpan.Zero || RetryDelayMax < RetryDelayMin
            ? $"{nameof(RetryDelayMin)} must be positive and at most {nameof(RetryDelayMax)}."
        : null;
}
