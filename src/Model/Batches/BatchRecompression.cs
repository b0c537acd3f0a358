using System.Buffers.Binary;
using Loire.Model.Compression;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>Changes the codec of a batch. Its header and records stay as they are, except for length, codec and checksum.</summary>
public static class BatchRecompression
{
    /// <summary>Compresses the records of a batch with another codec.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its payload, decompressed.</param>
    /// <param name="compression">The codec; none to store the records uncompressed.</param>
    /// <param name="maxBytes">The maximum size of the new batch in bytes, including the header.</param>
    /// <param name="recompressed">The new batch, in memory owned by the caller; empty with an error.</param>
    /// <returns><see cref="ErrorCode.None"/>, or <see cref="ErrorCode.MessageTooLarge"/> if the new batch exceeds the maximum.</returns>
    public static ErrorCode TryRecompress(
        RecordBatch batch, ReadOnlySpan<byte> records, CompressionType compression, int maxBytes, out ReadOnlyMemory<byte> recompressed)
    {
        if (compression == CompressionType.None)
        {
            return TryWrite(batch, records, compression, maxBytes, out recompressed);
        }

        using var compressed = new BoundedBuffer(Codec.MaxEncoded(compression, records.Length));
        Codec.Encode(compression, records, compressed);
        return TryWrite(batch, compressed.Written, compression, maxBytes, out recompressed);
    }

    private static ErrorCode TryWrite(
        RecordBatch batch, ReadOnlySpan<byte> payload, CompressionType compression, int maxBytes, out ReadOnlyMemory<byte> written)
    {
        written = default;
        if (payload.Length > maxBytes - RecordBatch.HeaderSize)
        {
            return ErrorCode.MessageTooLarge;
        }

        var bytes = GC.AllocateUninitializedArray<byte>(RecordBatch.HeaderSize + payload.Length);
        batch.Bytes[..RecordBatch.HeaderSize].CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(RecordBatch.HeaderSize));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Length), bytes.Length - LengthCountsFrom);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(Attributes), (ushort)((batch.Attributes & ~CodecMask) | (int)compression));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(Crc), Crc32C.Compute(bytes.AsSpan(Attributes)));
        written = bytes;
        return ErrorCode.None;
    }
}
