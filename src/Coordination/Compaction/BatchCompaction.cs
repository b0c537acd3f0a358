using Loire.Coordination.Producers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Coordination.Compaction;

/// <summary>What compaction makes of a batch.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.CorruptMessage"/> if the batch is damaged, so that nothing may be
/// removed.</param>
/// <param name="Bytes">The batch: the same memory if it stays as it is; empty if it goes.</param>
/// <param name="Removed">How many of its records go.</param>
public readonly record struct CompactedBatch(ErrorCode Error, ReadOnlyMemory<byte> Bytes, int Removed);

/// <summary>
/// Decides which records of a log stay when it is compacted, as Kafka's log cleaner does:
/// <list type="bullet">
/// <item>of each key, the last record in the part of the log that the map describes; what lies after that part stays;</item>
/// <item>a record without a value goes too, <c>delete.retention.ms</c> after the first compaction that met it, so that readers see the deletion. That time
/// is kept in its batch (KIP-534);</item>
/// <item>records without a key go: they date from before the topic was compacted; and those of aborted transactions;</item>
/// <item>control batches stay, and of a batch of an idempotent producer without records the header does while it is the producer's last one, which
/// carries its sequence.</item>
/// </list>
/// Not thread-safe.
/// </summary>
/// <param name="latest">The last offset of each key.</param>
/// <param name="end">Where the part that <paramref name="latest"/> describes ends.</param>
/// <param name="now">The broker's time.</param>
/// <param name="tombstoneTime"><c>delete.retention.ms</c>.</param>
/// <param name="aborted">The aborted transactions; none is open before <paramref name="end"/>.</param>
/// <param name="isLastOfProducer">Whether a producer may have no batch after this one; asked only about batches with a producer id.</param>
public sealed class BatchCompaction(
    OffsetMap latest, Offset end, Timestamp now, TimeSpan tombstoneTime, AbortedLookup aborted, Func<long, Offset, bool> isLastOfProducer) : IDisposable
{
    private readonly BatchDecompressor _decompressor = new();
    private readonly List<bool> _stays = [];

    /// <summary>Whether a batch has kept records without a value that will go in a later pass.</summary>
    public bool HasTombstones { get; private set; }

    /// <summary>Compacts one stored batch.</summary>
    public CompactedBatch Compact(ReadOnlyMemory<byte> bytes)
    {
        if (StoredRecords.TryRead(bytes.Span, _decompressor, out var batch, out var records) is not ErrorCode.None and var damage)
        {
            return new CompactedBatch(damage, bytes, 0);
        }

        if (batch.IsControl)
        {
            return new CompactedBatch(ErrorCode.None, bytes, 0);
        }

        var (kept, tombstones) = Judge(batch, records);
        var removed = batch.RecordCount - kept;
        if (kept == 0 && (batch.ProducerId < 0 || !isLastOfProducer(batch.ProducerId, batch.LastOffset)))
        {
            return new CompactedBatch(ErrorCode.None, default, removed);
        }

        var needsHorizon = tombstones > 0 && batch.DeleteHorizon is null;
        HasTombstones |= tombstones > 0 && !needsHorizon;
        if (removed == 0 && !needsHorizon)
        {
            return new CompactedBatch(ErrorCode.None, bytes, 0);
        }

        var at = 0;
        var reduced = BatchReduction.Reduce(batch, records, _ => _stays[at++], needsHorizon ? CompactionRules.Later(now, tombstoneTime) : null);

        // Times relative to another one can take more bytes, which a batch at the limit does not have. Without a time its tombstones stay.
        if (reduced.Length > Limits.BatchBytes)
        {
            return new CompactedBatch(ErrorCode.None, bytes, 0);
        }

        HasTombstones |= needsHorizon;
        return new CompactedBatch(ErrorCode.None, reduced, removed);
    }

    /// <inheritdoc/>
    public void Dispose() => _decompressor.Dispose();

    private (int Kept, int Tombstones) Judge(RecordBatch batch, ReadOnlySpan<byte> records)
    {
        var (kept, tombstones) = (0, 0);
        _stays.Clear();
        var counts = !aborted.Covers(batch);
        var reader = new RecordReader(batch, records);
        while (reader.MoveNext())
        {
            var record = reader.Current;
            var stays = record.Offset >= end || (counts && IsLatest(record) && !IsExpired(record, batch.DeleteHorizon));
            _stays.Add(stays);
            kept += stays ? 1 : 0;
            tombstones += stays && record.ValueIsNull && record.Offset < end ? 1 : 0;
        }

        return (kept, tombstones);
    }

    private bool IsLatest(Record record) => !record.KeyIsNull && (!latest.TryGet(record.Key, out var last) || record.Offset >= last);

    private bool IsExpired(Record record, Timestamp? horizon) => record.ValueIsNull && horizon is { } time && now >= time;
}
