using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Loire.Model.Compression;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>
/// Collects records into a batch. Reusable: <see cref="Build"/> and <see cref="Reset"/> empty it but keep its buffer, so appending does not
/// allocate. Not thread-safe; disposing it returns its memory to the pool.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private const int FirstCapacity = 4096;

    private readonly int _maxBytes;
    private byte[] _buffer = [];
    private int _size = RecordBatch.HeaderSize;
    private long _baseTimestamp;
    private long _maxTimestamp;

    /// <param name="maxBytes">The maximum size of a batch in bytes, including the header, before compression; at most
    /// <see cref="Limits.BatchBytes"/>.</param>
    public RecordBatchBuilder(int maxBytes = Limits.BatchBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, RecordBatch.HeaderSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBytes, Limits.BatchBytes);
        _maxBytes = maxBytes;
    }

    /// <summary>The size of the batch in bytes, including the header, before compression.</summary>
    public int SizeInBytes => _size;

    /// <summary>The number of records appended since the last <see cref="Build"/> or <see cref="Reset"/>.</summary>
    public int RecordCount { get; private set; }

    /// <summary>The idempotent producer's id, or −1. Like the epoch, kept by <see cref="Build"/>.</summary>
    public long ProducerId { get; set; } = -1;

    /// <summary>The idempotent producer's epoch, or −1.</summary>
    public short ProducerEpoch { get; set; } = -1;

    /// <summary>The sequence number of the first record, or −1. An idempotent producer must set it for each batch.</summary>
    public int BaseSequence { get; set; } = -1;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional { get; set; }

    /// <summary>Whether the batch holds a marker and no data (<see cref="EndMarkerBatch"/>).</summary>
    internal bool IsControl { get; init; }

    /// <summary>The size in bytes of a batch with only this record, including the header, before compression.</summary>
    public static long SizeOfOne(
        ReadOnlySpan<byte> key, bool keyIsNull, ReadOnlySpan<byte> value, bool valueIsNull, ReadOnlySpan<RecordHeader> headers)
    {
        var body = BodySize(0, 0, key, keyIsNull, value, valueIsNull, headers);
        return RecordBatch.HeaderSize + Varint.Size(body) + body;
    }

    /// <summary>Appends a record.</summary>
    /// <param name="timestamp">The producer's time, or <see cref="Timestamp.None"/>.</param>
    /// <param name="key">The key.</param>
    /// <param name="keyIsNull">Whether there is no key; then <paramref name="key"/> is ignored.</param>
    /// <param name="value">The value.</param>
    /// <param name="valueIsNull">Whether there is no value; then <paramref name="value"/> is ignored.</param>
    /// <param name="headers">The headers in order.</param>
    /// <returns>
    /// False if the record does not fit; then nothing is appended. It may fit into the next batch unless this one is empty.
    /// </returns>
    public bool Append(
        Timestamp timestamp,
        ReadOnlySpan<byte> key,
        bool keyIsNull,
        ReadOnlySpan<byte> value,
        bool valueIsNull,
        params ReadOnlySpan<RecordHeader> headers)
    {
        Invariant.Check(timestamp >= Timestamp.None);
        if (RecordCount == 0)
        {
            _baseTimestamp = timestamp.Milliseconds;
            _maxTimestamp = timestamp.Milliseconds;
        }

        var timestampDelta = unchecked(timestamp.Milliseconds - _baseTimestamp);
        var body = BodySize(timestampDelta, RecordCount, key, keyIsNull, value, valueIsNull, headers);
        var size = _size + Varint.Size(body) + body;
        if (size > _maxBytes)
        {
            return false;
        }

        EnsureCapacity((int)size);
        var to = _buffer.AsSpan(_size, (int)size - _size);
        Write(ref to, body);
        to[0] = 0;
        to = to[1..];
        Write(ref to, timestampDelta);
        Write(ref to, RecordCount);
        Write(ref to, key, keyIsNull);
        Write(ref to, value, valueIsNull);
        Write(ref to, headers.Length);
        foreach (var header in headers)
        {
            Write(ref to, header.Key.Span, false);
            Write(ref to, header.Value.Span, header.ValueIsNull);
        }

        Invariant.Check(to.IsEmpty, "a record takes the bytes that were computed for it");
        _size = (int)size;
        _maxTimestamp = Math.Max(_maxTimestamp, timestamp.Milliseconds);
        RecordCount++;
        return true;
    }

    /// <summary>
    /// Builds the batch, with base offset 0 and without a leader epoch, and empties the builder. Requires at least one record.
    /// </summary>
    /// <param name="compression">How to compress the records.</param>
    /// <returns>Memory of exactly the batch's size, owned by the caller.</returns>
    public ReadOnlyMemory<byte> Build(CompressionType compression = CompressionType.None)
    {
        Invariant.Check(RecordCount > 0);
        var records = _buffer.AsSpan(RecordBatch.HeaderSize, _size - RecordBatch.HeaderSize);
        byte[] batch;
        if (compression == CompressionType.None)
        {
            batch = MakeBatch(records);
        }
        else
        {
            using var compressed = new BoundedBuffer(Codec.MaxEncoded(compression, records.Length));
            Codec.Encode(compression, records, compressed);
            batch = MakeBatch(compressed.Written);
        }

        WriteHeader(batch, compression);
        Reset();
        return batch;
    }

    /// <summary>Discards the records appended so far.</summary>
    public void Reset()
    {
        _size = RecordBatch.HeaderSize;
        RecordCount = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reset();
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    // Inlined into Append, which runs for every produced record.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long BodySize(
        long timestampDelta, int offsetDelta, ReadOnlySpan<byte> key, bool keyIsNull, ReadOnlySpan<byte> value, bool valueIsNull,
        ReadOnlySpan<RecordHeader> headers)
    {
        var size = 1 + Varint.Size(timestampDelta) + Varint.Size(offsetDelta)
            + SizeOf(key, keyIsNull) + SizeOf(value, valueIsNull) + Varint.Size(headers.Length);
        foreach (var header in headers)
        {
            size += SizeOf(header.Key.Span, false) + SizeOf(header.Value.Span, header.ValueIsNull);
        }

        return size;
    }

    private static byte[] MakeBatch(ReadOnlySpan<byte> payload)
    {
        var batch = GC.AllocateUninitializedArray<byte>(RecordBatch.HeaderSize + payload.Length);
        payload.CopyTo(batch.AsSpan(RecordBatch.HeaderSize));
        return batch;
    }

    private void WriteHeader(Span<byte> batch, CompressionType compression)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.BaseOffset..], 0);
        BinaryPrimitives.WriteInt32BigEndian(batch[Length..], batch.Length - LengthCountsFrom);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.LeaderEpoch..], Model.LeaderEpoch.None.Value);
        batch[Magic] = CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[Attributes..], (short)((int)compression | (IsTransactional ? TransactionalBit : 0) | (IsControl ? ControlBit : 0)));
        BinaryPrimitives.WriteInt32BigEndian(batch[LastOffsetDelta..], RecordCount - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseTimestamp..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestamp..], _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchLayout.ProducerId..], ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchLayout.ProducerEpoch..], ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLayout.BaseSequence..], BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[Count..], RecordCount);
        BinaryPrimitives.WriteUInt32BigEndian(batch[Crc..], Crc32C.Compute(batch[Attributes..]));
    }

    private void EnsureCapacity(int needed)
    {
        if (needed <= _buffer.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(needed, Math.Min(_maxBytes, Math.Max(FirstCapacity, 2L * _buffer.Length))));
        if (_buffer.Length > 0)
        {
            _buffer.AsSpan(0, _size).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
    }

    private static long SizeOf(ReadOnlySpan<byte> bytes, bool isNull) => isNull ? 1 : Varint.Size(bytes.Length) + (long)bytes.Length;

    private static void Write(ref Span<byte> destination, long value) => destination = destination[Varint.Write(destination, value)..];

    private static void Write(ref Span<byte> destination, ReadOnlySpan<byte> bytes, bool isNull)
    {
        Write(ref destination, isNull ? -1 : bytes.Length);
        if (!isNull)
        {
            bytes.CopyTo(destination);
            destination = destination[bytes.Length..];
        }
    }
}
