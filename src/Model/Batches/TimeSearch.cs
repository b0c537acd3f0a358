namespace Loire.Model.Batches;

/// <summary>Finds the record of a batch that a search by time is after. The partition finds the batch, but only the edge decodes it.</summary>
public static class TimeSearch
{
    /// <summary>The first record at or after <paramref name="time"/>.</summary>
    /// <param name="bytes">A whole batch that has such a record, as the partition says.</param>
    /// <param name="time">The moment.</param>
    /// <returns>
    /// The record's offset and time. If the records cannot be read, or the partition was wrong, the batch's first offset, which is the latest
    /// that misses none.
    /// </returns>
    public static (Offset Offset, Timestamp Time) FirstIn(ReadOnlySpan<byte> bytes, Timestamp time)
    {
        var error = RecordBatch.TryRead(bytes, out var batch);
        Invariant.Check(error == ErrorCode.None, "a partition returns whole batches");
        using var decompressor = new BatchDecompressor();
        if (decompressor.TryDecompress(batch, out var decompressed) == ErrorCode.None)
        {
            var records = new RecordReader(batch, decompressed);
            while (records.MoveNext())
            {
                if (records.Current.Timestamp >= time)
                {
                    return (records.Current.Offset, records.Current.Timestamp);
                }
            }
        }

        return (batch.BaseOffset, batch.MaxTimestamp);
    }
}
