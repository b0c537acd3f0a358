namespace Loire.Model;

/// <summary>
/// How far the log of a partition has been compacted: enough for its topic to know when the closed partition must be compacted next, also by other
/// settings. Part of <see cref="PartitionReport"/>.
/// </summary>
/// <param name="CleanTo">Everything below has been compacted.</param>
/// <param name="CleanBytes">The bytes of the stored parts below it.</param>
/// <param name="DirtyBytes">Those of the parts after it that can be compacted as they are; the newest records are not among them.</param>
/// <param name="DirtySince">The time of the first record that has not been compacted; <see cref="Timestamp.None"/> if there is none, or if it is not
/// known.</param>
/// <param name="NewestDirty">The greatest timestamp of the parts of <paramref name="DirtyBytes"/>; <see cref="long.MaxValue"/> milliseconds if that is
/// not known.</param>
/// <param name="TombstonesAt">When the records without a value that compaction has kept may go; <see cref="long.MaxValue"/> milliseconds if there are
/// none, and zero while a pass is under way, which is to be finished.</param>
/// <param name="StalledVersion">The version of the topic by whose settings compaction was due and changed nothing, as with a damaged log: it is left
/// alone until the topic or the log changes; 0 otherwise.</param>
[GenerateSerializer, Immutable, Alias("loire.CompactionReport")]
public sealed record CompactionReport(
    [Id(0)] Offset CleanTo,
    [Id(1)] long CleanBytes,
    [Id(2)] long DirtyBytes,
    [Id(3)] Timestamp DirtySince,
    [Id(4)] Timestamp NewestDirty,
    [Id(5)] Timestamp TombstonesAt,
    [Id(6)] long StalledVersion);
