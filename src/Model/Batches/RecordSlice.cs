namespace Loire.Model.Batches;

/// <summary>
/// Consecutive records of one batch, decompressed but not decoded: what passes records on from the reader of a batch to where they are
/// decoded. The checksum and the form of the records have been checked before it is made; <c>foreach</c> decodes one after the other.
/// </summary>
/// <param name="BaseOffset">The offset to which those of the records are relative.</param>
/// <param name="BaseTimestamp">The time to which those of the records are relative; with <see cref="TimestampType.LogAppendTime"/> the time
/// of all of them.</param>
/// <param name="TimestampType">Whose time the timestamps are.</param>
/// <param name="Records">The records as they lie in the decompressed batch, from the length of the first to the end of the last.</param>
/// <param name="Count">How many there are, at least 1.</param>
/// <param name="FirstOffset">The offset of the first record.</param>
/// <param name="LastOffset">The offset of the last record. Compaction leaves gaps, so there may be fewer records than offsets.</param>
/// <param name="Size">Bytes of keys, values and headers, as <see cref="Record.Size"/> counts them.</param>
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
    /// <summary>Checks the records of a batch and takes those from an offset on.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its payload, decompressed; the slice refers to this memory.</param>
    /// <param name="from">Records before this offset are left out.</param>
    /// <param name="slice">The records before the first one that is not well-formed; null if there are none.</param>
    /// <returns><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.InvalidRecord"/> if the batch does not hold what it states.</returns>
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

    /// <summary>Cuts records off the front.</summary>
    /// <param name="maxRecords">Records at most, at least 1.</param>
    /// <param name="maxSize">Bytes of keys, values and headers at most.</param>
    /// <param name="takesFirst">Whether the first record is cut off whatever its size.</param>
    /// <returns>What is cut off, and what is left; null for nothing.</returns>
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

    /// <summary>Decodes the records one after the other.</summary>
    public RecordReader GetEnumerator() => new(this);
}
