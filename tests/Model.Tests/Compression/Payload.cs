using Loire.Model.Batches;
using Loire.Model.Compression;
using Loire.Model.Tests.Batches;

namespace Loire.Model.Tests.Compression;

/// <summary>Compresses and decompresses payloads without their records.</summary>
internal static class Payload
{
    public static byte[] Compress(CompressionType compression, byte[] data)
    {
        using var output = new BoundedBuffer(Codec.MaxEncoded(compression, data.Length));
        Codec.Encode(compression, data, output);
        return output.Written.ToArray();
    }

    /// <summary>Decompresses the payload of a batch, as everything that comes from a client is.</summary>
    public static ErrorCode TryDecompress(CompressionType compression, ReadOnlySpan<byte> payload, int bound, out byte[] data)
    {
        using var decompressor = new BatchDecompressor(bound);
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(HostileBatch.Of(payload, compression), out var batch));
        var error = decompressor.TryDecompress(batch, out var records);
        data = records.ToArray();
        Assert.True(error == ErrorCode.None || data.Length == 0);
        return error;
    }
}
