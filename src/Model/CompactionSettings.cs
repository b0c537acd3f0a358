namespace Loire.Model;

/// <summary>How a compacted topic is compacted.</summary>
/// <param name="MinDirtyRatio">The share of a log that must be uncompacted before it is compacted again; 0 to 1
/// (<c>min.cleanable.dirty.ratio</c>).</param>
/// <param name="MinLag">How long a record is safe from compaction (<c>min.compaction.lag.ms</c>).</param>
/// <param name="MaxLag">After which time a record is compacted whatever the share (<c>max.compaction.lag.ms</c>).</param>
/// <param name="TombstoneTime">How long a record without a value outlives its first compaction (<c>delete.retention.ms</c>).</param>
[GenerateSerializer, Immutable, Alias("loire.CompactionSettings")]
public readonly record struct CompactionSettings(
    [property: Id(0)] double MinDirtyRatio,
    [property: Id(1)] TimeSpan MinLag,
    [property: Id(2)] TimeSpan MaxLag,
    [property: Id(3)] TimeSpan TombstoneTime);
