using System.Buffers.Binary;

namespace Loire.Model.Batches;

/// <summary>
/// Collects records into a batch. Reusable: after <see cref="Build"/> or <see cref="Reset"/> it is empty and keeps its buffer. Used by one thread
/// at a time.
/// </summary>
/// <param name="maxBytes">The most bytes of a batch, before compression.</param>
public sealed class RecordBatchBuilder(int maxBytes = Limits.BatchBytes)
{
    private byte[] _buffer = new byte[1024];
    private int _size = RecordBatch.HeaderSize;
    private long _baseTimestamp;
    private long _maxTimestamp;

    /// <summary>What the batch would take without compression, header included.</summary>
    public int SizeInBytes => _size;

    /// <summary>Records appended since the last <see cref="Build"/>.</summary>
    public int RecordCount { get; private set; }

    /// <summary>The idempotent producer's id, or −1.</summary>
    public long ProducerId { get; set; } = -1;

    /// <summary>The idempotent producer's epoch, or −1.</summary>
    public short ProducerEpoch { get; set; } = -1;

    /// <summary>The sequence number of the first record, or −1.</summary>
    public int BaseSequence { get; set; } = -1;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional { get; set; }

    /// <summary>Appends a record.</summary>
    /// <param name="timestamp">The producer's time, or <see cref="Timestamp.None"/>.</param>
    /// <param name="key">The key.</param>
    /// <param name="keyIsNull">Whether there is no key.</param>
    /// <param name="value">The value.</param>
    /// <param name="valueIsNull">Whether there is no value.</param>
    /// <param name="headers">The headers in their order.</param>
    /// <returns>False if the record does not fit: then nothing is appended. It may fit into the next batch, unless this one is empty.</returns>
    public bool Append(
        Timestamp timestamp,
        ReadOnlySpan<byte> key,
        bool keyIsNull,
        ReadOnlySpan<byte> value,
        bool valueIsNull,
        params ReadOnlySpan<RecordHeader> headers)
    {
        if (RecordCount == 0)
        {
            _baseTimestamp = timestamp.Milliseconds;
            _maxTimestamp = timestamp.Milliseconds;
        }

        var delta = timestamp.Milliseconds - _baseTimestamp;
        long body = 1 + Varint.Size(delta) + Varint.Size(RecordCount) + BytesSize(key, keyIsNull) + BytesSize(value, valueIsNull)
            + Varint.Size(headers.Length);
        foreach (var header in headers)
        {
            body += BytesSize(header.Key.Span, false) + BytesSize(header.Value.Span, header.ValueIsNull);
        }

        var size = _size + Varint.Size(body) + body;
        if (size > maxBytes)
        {
            return false;
        }

        if (size > _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Max(size, Math.Min(maxBytes, 2L * _buffer.Length)));
        }

        var to = _buffer.AsSpan(_size);
        to = to[Varint.Write(to, body)..];
        to[0] = 0;
        to = to[1..];
        to = to[Varint.Write(to, delta)..];
        to = to[Varint.Write(to, RecordCount)..];
        to = WriteBytes(to, key, keyIsNull);
        to = WriteBytes(to, value, valueIsNull);
        to = to[Varint.Write(to, headers.Length)..];
        foreach (var header in headers)
        {
            to = WriteBytes(to, header.Key.Span, false);
            to = WriteBytes(to, header.Value.Span, header.ValueIsNull);
        }

        _size = (int)size;
        _maxTimestamp = Math.Max(_maxTimestamp, timestamp.Milliseconds);
        RecordCount++;
        return true;
    }

    /// <summary>Makes the batch, with base offset 0 and no leader epoch, and empties the builder. There must be at least one record.</summary>
    /// <param name="compression">How to compress the records; must be available here.</param>
    /// <returns>Memory of exactly the batch's size, which the builder does not touch again.</returns>
    public ReadOnlyMemory<byte> Build(CompressionType compression = CompressionType.None)
    {
        Invariant.Check(RecordCount > 0);
        Invariant.Check(compression == CompressionType.None);
        var batch = GC.AllocateUninitializedArray<byte>(_size);
        _buffer.AsSpan(0, _size).CopyTo(batch);
        batch.AsSpan(0, 8).Clear();
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(12), -1);
        batch[16] = 2;
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(21), (short)((int)compression | (IsTransactional ? 16 : 0)));
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(23), RecordCount - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(27), _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(35), _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(43), ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(51), ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(53), BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), RecordCount);
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));
        Reset();
        return batch;
    }

    /// <summary>Forgets the records appended so far.</summary>
    public void Reset()
    {
        _size = RecordBatch.HeaderSize;
        RecordCount = 0;
    }

    private static long BytesSize(ReadOnlySpan<byte> bytes, bool isNull) => isNull ? 1 : Varint.Size(bytes.Length) + (long)bytes.Length;

    private static Span<byte> WriteBytes(Span<byte> destination, ReadOnlySpan<byte> bytes, bool isNull)
    {
        if (isNull)
        {
            destination[0] = 1;
            return destination[1..];
        }

        var length = Varint.Write(destination, bytes.Length);
        bytes.CopyTo(destination[length..]);
        return destination[(length + bytes.Length)..];
    }
}
