namespace Loire.Model;

/// <summary>
/// What a partition says about its log, and its topic keeps: enough to know the log's size, and when it must be looked at, while the partition is
/// closed.
/// </summary>
/// <param name="Partition">The number of the partition.</param>
/// <param name="Start">The first offset that can be read.</param>
/// <param name="End">The offset after the last durable record.</param>
/// <param name="Bytes">The bytes of the log in the store, without its index.</param>
/// <param name="OldestBytes">Those of its oldest stored part; what is deleted is whole parts.</param>
/// <param name="OldestTime">The greatest timestamp of the oldest part that has one; <see cref="Timestamp.None"/> if none has.</param>
/// <param name="CheckedVersion">The version of the topic by whose retention the log was checked just before; 0 if it was not.</param>
/// <param name="IsOpen">Whether the partition is in use: as long as it is, it checks itself, and reports at least every
/// hour.</param>
/// <param name="At">When the topic received the report, by its own clock; <see cref="Timestamp.None"/> before.</param>
/// <param name="Compaction">How far the log has been compacted; null if it is empty, if the topic is not compacted as far as the partition knew, or in
/// a report of an earlier version.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionReport")]
public sealed record PartitionReport(
    [Id(0)] int Partition,
    [Id(1)] Offset Start,
    [Id(2)] Offset End,
    [Id(3)] long Bytes,
    [Id(4)] long OldestBytes,
    [Id(5)] Timestamp OldestTime,
    [Id(6)] long CheckedVersion,
    [Id(7)] bool IsOpen,
    [Id(8)] Timestamp At,
    [Id(9)] CompactionReport? Compaction = null)
{
    /// <summary>The report of a partition that nothing was ever written to.</summary>
    public static PartitionReport Empty(int partition, Timestamp at) =>
        new(partition, Offset.Zero, Offset.Zero, 0, 0, Timestamp.None, 0, IsOpen: false, at);

    /// <summary>Whether the other one says the same about the log.</summary>
    public bool HasLogOf(PartitionReport other) =>
        (Start, End, Bytes, OldestBytes, OldestTime, Compaction)
            == (other.Start, other.End, other.Bytes, other.OldestBytes, other.OldestTime, other.Compaction);
}
