namespace Loire.Model.Batches;

/// <summary>
/// Consecutive records of one batch, decompressed but not decoded: carries records from the reader of a batch to the place where they are
/// decoded. The checksum and the records have been validated before it is created; <c>foreach</c> decodes them in sequence.
/// </summary>
/// <param name="BaseOffset">The offset to which those of the records are relative.</param>
/// <param name="BaseTimestamp">The time to which those of the records are relative; with <see cref="TimestampType.LogAppendTime"/> the time
/// of all of them.</param>
/// <param name="TimestampType">Whether the timestamps are the producer's or the broker's.</param>
/// <param name="Records">The encoded records, from the length field of the first to the end of the last.</param>
/// <param name="Count">The number of records, at least 1.</param>
/// <param name="FirstOffset">The offset of the first record.</param>
/// <param name="LastOffset">The offset of the last record. Compaction leaves gaps, so there may be fewer records than offsets.</param>
/// <param name="Size">The size of keys, values and headers in bytes, as <see cref="Record.Size"/> counts them.</param>
[GenerateSerializer, Immutable, Alias("loire.RecordSlice")]
public sealed record RecordSlice(
    [Id(0)] Offset BaseOffset,
    [Id(1)] Timestamp BaseTimestamp,
    [Id(2)] TimestampType TimestampType,
    [Id(3)] ReadOnlyMemory<byte> Records,
    [Id(4)] int Count,
    [Id(5)] Offset FirstOffset,
    [Id(6)] Offset LastOffset,
    [Id(7)] int Size)
{
    /// <summary>Validates the records of a batch and slices off those from an offset on.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its payload, decompressed; the slice refers to this memory.</param>
    /// <param name="from">Records before this offset are omitted.</param>
    /// <param name="slice">The records before the first malformed one; null if there are none.</param>
    /// <returns><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.InvalidRecord"/> if the records do not match the header.</returns>
    public static ErrorCode TryRead(RecordBatch batch, ReadOnlyMemory<byte> records, Offset from, out RecordSlice? slice)
    {
        var reader = new RecordReader(batch, records.Span);
        var (first, last, count, size) = (Offset.None, Offset.None, 0, 0);
        var (start, end) = (0, 0);
        while (reader.MoveNext())
        {
            var record = reader.Current;
            if (record.Offset < from)
            {
                start = reader.Position.Bytes;
                continue;
            }

            first = count++ == 0 ? record.Offset : first;
            last = record.Offset;
            size += record.Size;
            end = reader.Position.Bytes;
        }

        var type = batch.TimestampType;
        slice = count == 0 ? null : new RecordSlice(
            batch.BaseOffset, type == TimestampType.LogAppendTime ? batch.MaxTimestamp : batch.BaseTimestamp, type, records[start..end], count,
            first, last, size);
        return reader.Error;
    }

    /// <summary>Splits records off the front.</summary>
    /// <param name="maxRecords">The maximum number of records, at least 1.</param>
    /// <param name="maxSize">The maximum size of keys, values and headers, in bytes.</param>
    /// <param name="takesFirst">Whether to include the first record regardless of its size.</param>
    /// <returns>The front and the rest; null for an empty part.</returns>
    public (RecordSlice? Head, RecordSlice? Tail) Cut(int maxRecords, long maxSize, bool takesFirst)
    {
        if (Count <= maxRecords && Size <= maxSize)
        {
            return (this, null);
        }

        var reader = new RecordReader(this);
        var (last, count, size, end) = (FirstOffset, 0, 0, 0);
        while (reader.MoveNext())
        {
            var record = reader.Current;
            if (count == maxRecords || (size + record.Size > maxSize && !(takesFirst && count == 0)))
            {
                return count == 0 ? (null, this) : (
                    this with { Records = Records[..end], Count = count, LastOffset = last, Size = size },
                    this with { Records = Records[end..], Count = Count - count, FirstOffset = record.Offset, Size = Size - size });
            }

            (last, count, size, end) = (record.Offset, count + 1, size + record.Size, reader.Position.Bytes);
        }

        Invariant.Check(reader.Error == ErrorCode.None, "the records of a slice were checked");
        return (this, null);
    }

    /// <summary>Decodes the records in sequence.</summary>
    public RecordReader GetEnumerator() => new(this);
}
