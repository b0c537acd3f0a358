using Loire.Model.Batches;

namespace Loire.Coordination.Compaction;

/// <summary>Reads the records of stored batches, trusting nothing: compaction must not make damage permanent.</summary>
internal static class StoredRecords
{
    /// <summary>Reads a whole batch; <see cref="ErrorCode.CorruptMessage"/> if a byte of it is wrong.</summary>
    public static ErrorCode TryRead(
        ReadOnlySpan<byte> bytes, BatchDecompressor decompressor, out RecordBatch batch, out ReadOnlySpan<byte> records)
    {
        records = default;
        return RecordBatch.TryRead(bytes, out batch) != ErrorCode.None
            || batch.SizeInBytes != bytes.Length
            || !batch.CrcIsValid()
            || (batch.RecordCount > 0 && decompressor.TryDecompress(batch, out records) != ErrorCode.None)
            || RecordReader.Check(batch, records) != ErrorCode.None
                ? ErrorCode.CorruptMessage
                : ErrorCode.None;
    }
}
