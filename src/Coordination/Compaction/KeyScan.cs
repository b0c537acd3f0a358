using Loire.Coordination.Producers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Coordination.Compaction;

/// <summary>
/// Learns the last offset of each key in a part of a log, batch after batch, until that ends or the map is full. Not thread-safe.
/// </summary>
/// <param name="from">The first offset that counts.</param>
/// <param name="slots">The size of the map.</param>
public sealed class KeyScan(Offset from, int slots) : IDisposable
{
    private readonly BatchDecompressor _decompressor = new();

    /// <summary>What has been learned.</summary>
    public OffsetMap Latest { get; private set; } = new(slots);

    /// <summary>Where the part begins that has been learned.</summary>
    public Offset From { get; private set; } = from;

    /// <summary>Where the part that has been learned ends.</summary>
    public Offset End { get; private set; } = from;

    /// <summary>Whether the map had no room for the record at <see cref="End"/>.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Learns the keys of a batch, unless its transaction was aborted.</summary>
    /// <param name="bytes">The batch.</param>
    /// <param name="aborted">The aborted transactions.</param>
    /// <returns><see cref="ErrorCode.None"/>, also if the map has become full; <see cref="ErrorCode.CorruptMessage"/> if the batch is damaged.</returns>
    public ErrorCode Add(ReadOnlySpan<byte> bytes, AbortedLookup aborted)
    {
        if (IsFull)
        {
            return ErrorCode.None;
        }

        if (StoredRecords.TryRead(bytes, _decompressor, out var batch, out var records) is not ErrorCode.None and var damage)
        {
            return damage;
        }

        if (!batch.IsControl && !aborted.Covers(batch))
        {
            var reader = new RecordReader(batch, records);
            while (reader.MoveNext())
            {
                var record = reader.Current;
                if (record.Offset >= End && !record.KeyIsNull && !Latest.TrySet(record.Key, record.Offset, record.ValueIsNull))
                {
                    (IsFull, End) = (true, record.Offset);
                    return ErrorCode.None;
                }
            }
        }

        End = Offset.Max(End, batch.NextOffset);
        return ErrorCode.None;
    }

    /// <summary>Takes a larger map. If the last batch did not fit it is to be added again.</summary>
    /// <param name="slots">Its size; at least the present one.</param>
    public void Enlarge(int slots) => (Latest, IsFull) = (Latest.Enlarged(slots), false);

    /// <summary>Takes a map without what lies before an offset.</summary>
    /// <param name="from">Where the part that has been learned begins now; at most <see cref="End"/>.</param>
    /// <param name="map">The map: <see cref="OffsetMap.From"/> of the present one.</param>
    public void Forget(Offset from, OffsetMap map) => (From, Latest, IsFull) = (from, map, false);

    /// <summary>Says that no batch lies before an offset: removed ones leave holes.</summary>
    public void SkipTo(Offset offset) => End = IsFull ? End : Offset.Max(End, offset);

    /// <summary>Returns the memory of the last decompressed batch to the pool; the next batch rents it again.</summary>
    public void Release() => _decompressor.Release();

    /// <inheritdoc/>
    public void Dispose() => Release();
}
