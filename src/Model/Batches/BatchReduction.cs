using System.Buffers.Binary;
using Loire.Model.Compression;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>Says whether a record stays.</summary>
public delegate bool RecordFilter(Record record);

/// <summary>
/// Removes records from a stored batch, as Kafka's log cleaner does: what stays keeps its offset, timestamp and bytes; the batch keeps its base
/// offset, its last offset, codec, producer and sequence, so that neither offsets nor sequences are ever used again.
/// </summary>
public static class BatchReduction
{
    /// <summary>Writes a batch with some of the records of another one.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its payload, decompressed; well-formed, see <see cref="RecordReader.Check"/>.</param>
    /// <param name="stays">Called once for each record, in order. If no record stays, the batch is written without records.</param>
    /// <param name="deleteHorizon">When records without a value may go (KIP-534), to be kept in the batch; null to leave the batch's own. It takes
    /// the place of the base timestamp, and the records' timestamps are written relative to it.</param>
    /// <returns>The new batch with a valid checksum, in memory owned by the caller.</returns>
    public static ReadOnlyMemory<byte> Reduce(RecordBatch batch, ReadOnlySpan<byte> records, RecordFilter stays, Timestamp? deleteHorizon)
    {
        var baseTimestamp = deleteHorizon ?? batch.BaseTimestamp;

        // A timestamp that is written relative to another one may need nine more bytes, and so may the length before it.
        var extra = deleteHorizon is null ? 0L : 2L * Varint.MaxBytes * batch.RecordCount;
        using var kept = new BoundedBuffer((int)Math.Min(records.Length + extra, Array.MaxLength));
        var (count, greatest) = (0, Timestamp.None);
        var reader = new RecordReader(batch, records);
        for (var from = 0; reader.MoveNext(); from = reader.Position.Bytes)
        {
            var record = reader.Current;
            if (!stays(record))
            {
                continue;
            }

            var bytes = records[from..reader.Position.Bytes];
            if (deleteHorizon is null || batch.TimestampType == TimestampType.LogAppendTime)
            {
                bytes.CopyTo(kept.GetSpan(bytes.Length));
                kept.Advance(bytes.Length);
            }
            else
            {
                WriteRelativeTo(baseTimestamp, record.Timestamp, bytes, kept);
            }

            count++;
            greatest = record.Timestamp > greatest ? record.Timestamp : greatest;
        }

        Invariant.Check(reader.Error == ErrorCode.None, "the records of a batch that is reduced are well-formed");
        var reduced = Encode(batch, kept.Written, count);
        var span = reduced.AsSpan();
        var attributes = count == 0 ? batch.Attributes & ~CodecMask : batch.Attributes;
        BinaryPrimitives.WriteUInt16BigEndian(
            span[Attributes..], (ushort)(deleteHorizon is null ? attributes : attributes | DeleteHorizonBit));
        BinaryPrimitives.WriteInt64BigEndian(span[BaseTimestamp..], baseTimestamp.Milliseconds);
        if (batch.TimestampType == TimestampType.CreateTime)
        {
            BinaryPrimitives.WriteInt64BigEndian(span[MaxTimestamp..], greatest.Milliseconds);
        }

        BinaryPrimitives.WriteUInt32BigEndian(span[Crc..], Crc32C.Compute(span[Attributes..]));
        return reduced;
    }

    private static byte[] Encode(RecordBatch batch, ReadOnlySpan<byte> records, int count)
    {
        if (count == 0 || batch.Compression == CompressionType.None)
        {
            return Frame(batch, records, count);
        }

        using var compressed = new BoundedBuffer(Codec.MaxEncoded(batch.Compression, records.Length));
        Codec.Encode(batch.Compression, records, compressed);
        return Frame(batch, compressed.Written, count);
    }

    private static byte[] Frame(RecordBatch batch, ReadOnlySpan<byte> payload, int count)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(RecordBatch.HeaderSize + payload.Length);
        batch.Bytes[..RecordBatch.HeaderSize].CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(RecordBatch.HeaderSize));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Length), bytes.Length - LengthCountsFrom);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Count), count);
        return bytes;
    }

    private static void WriteRelativeTo(Timestamp baseTimestamp, Timestamp timestamp, ReadOnlySpan<byte> record, BoundedBuffer destination)
    {
        // Length, attributes, timestamp delta, and what stays as it is.
        Varint.TryRead(ref record, out int _);
        var attributes = record[0];
        record = record[1..];
        Varint.TryRead(ref record, out long _);
        var delta = unchecked(timestamp.Milliseconds - baseTimestamp.Milliseconds);
        var length = 1 + Varint.Size(delta) + record.Length;
        var size = Varint.Size(length) + length;
        var to = destination.GetSpan(size);
        to = to[Varint.Write(to, length)..];
        to[0] = attributes;
        to = to[1..];
        to = to[Varint.Write(to, delta)..];
        record.CopyTo(to);
        destination.Advance(size);
    }
}
