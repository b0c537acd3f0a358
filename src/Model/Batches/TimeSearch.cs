namespace Loire.Model.Batches;

/// <summary>Finds a record by time within a batch. The partition finds the batch, but only the edge decodes it.</summary>
public static class TimeSearch
{
    /// <summary>The first record at or after <paramref name="time"/>.</summary>
    /// <param name="bytes">A whole batch that contains such a record according to the partition.</param>
    /// <param name="time">The time to search for.</param>
    /// <param name="start">Where the log starts: earlier records of the batch have been deleted.</param>
    /// <returns>
    /// The record's offset and time; null if only deleted records match. If the records cannot be read or none matches, the batch's first offset:
    /// the latest one that skips no record.
    /// </returns>
    public static (Offset Offset, Timestamp Time)? FirstIn(ReadOnlySpan<byte> bytes, Timestamp time, Offset start)
    {
        var error = RecordBatch.TryRead(bytes, out var batch);
        Invariant.Check(error == ErrorCode.None, "a partition returns whole batches");
        using var decompressor = new BatchDecompressor();
        if (decompressor.TryDecompress(batch, out var decompressed) == ErrorCode.None)
        {
            var records = new RecordReader(batch, decompressed);
            while (records.MoveNext())
            {
                if (records.Current.Timestamp >= time && records.Current.Offset >= start)
                {
                    return (records.Current.Offset, records.Current.Timestamp);
                }
            }

            if (batch.BaseOffset < start)
            {
                return null;
            }
        }

        return (Offset.Max(batch.BaseOffset, start), batch.MaxTimestamp);
    }
}
