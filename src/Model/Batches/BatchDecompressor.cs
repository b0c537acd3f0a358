using Loire.Model.Compression;

namespace Loire.Model.Batches;

/// <summary>
/// Decompresses batches, one at a time, into its own buffer, which never grows beyond a bound, regardless of what a batch claims. Not
/// thread-safe.
/// </summary>
public sealed class BatchDecompressor : IDisposable
{
    private readonly int _maxBytes;
    private readonly BoundedBuffer _buffer;

    /// <param name="maxBytes">The maximum decompressed size of one batch's records, in bytes; at most
    /// <see cref="Limits.BatchBytes"/>.</param>
    public BatchDecompressor(int maxBytes = Limits.BatchBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBytes, Limits.BatchBytes);
        _maxBytes = maxBytes;
        _buffer = new BoundedBuffer(maxBytes);
    }

    /// <summary>Decompresses the records of <paramref name="batch"/>.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">The records: the payload itself if it is not compressed, otherwise memory that is valid until the next
    /// call.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> if the payload is malformed;
    /// <see cref="ErrorCode.MessageTooLarge"/> if it decompresses to more than the bound;
    /// <see cref="ErrorCode.UnsupportedCompressionType"/> if the codec is unknown.
    /// </returns>
    public ErrorCode TryDecompress(RecordBatch batch, out ReadOnlySpan<byte> records)
    {
        if (batch.Compression == CompressionType.None)
        {
            records = batch.Payload.Length <= _maxBytes ? batch.Payload : default;
            return batch.Payload.Length <= _maxBytes ? ErrorCode.None : ErrorCode.MessageTooLarge;
        }

        _buffer.Clear();
        var error = Codec.Decode(batch.Compression, batch.Payload, _buffer);
        records = error == ErrorCode.None ? _buffer.Written : default;
        return error;
    }

    /// <inheritdoc cref="TryDecompress(RecordBatch, out ReadOnlySpan{byte})"/>
    /// <param name="batch">The batch.</param>
    /// <param name="bytes">The memory that holds the batch.</param>
    /// <param name="records">The records: within <paramref name="bytes"/> if they are not compressed, otherwise memory that is valid until
    /// the next call or <see cref="Release"/>.</param>
    public ErrorCode TryDecompress(RecordBatch batch, ReadOnlyMemory<byte> bytes, out ReadOnlyMemory<byte> records)
    {
        var error = TryDecompress(batch, out var found);
        records = error != ErrorCode.None ? default
            : batch.Compression == CompressionType.None ? bytes.Slice(RecordBatch.HeaderSize, found.Length)
            : _buffer.WrittenMemory;
        return error;
    }

    /// <summary>Returns the buffer's memory to the pool; the next batch rents it again.</summary>
    public void Release() => _buffer.Dispose();

    /// <inheritdoc/>
    public void Dispose() => Release();
}
