using Loire.Model.Batches;
using Loire.Model.Codecs;
using Loire.Model.Tests.Batches;

namespace Loire.Model.Tests.Codecs;

/// <summary>Any codec by its number, the way a batch names it.</summary>
internal static class Codec
{
    public static byte[] Encode(CompressionType codec, byte[] data)
    {
        using var output = new BoundedBuffer((data.Length * 2) + 4096);
        using var zstd = new Zstd();
        switch (codec)
        {
            case CompressionType.Gzip:
                Gzip.Encode(data, output);
                break;
            case CompressionType.Snappy:
                Snappy.Encode(data, output);
                break;
            case CompressionType.Lz4:
                Lz4Frame.Encode(data, output);
                break;
            default:
                zstd.Encode(data, output);
                break;
        }

        return output.Written.ToArray();
    }

    /// <summary>Through a batch, as everything that comes from outside does.</summary>
    public static ErrorCode TryDecode(CompressionType codec, ReadOnlySpan<byte> payload, int bound, out byte[] decoded)
    {
        using var decompressor = new BatchDecompressor(bound);
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(HostileBatch.Of(payload, codec), out var batch));
        var error = decompressor.TryDecompress(batch, out var records);
        decoded = records.ToArray();
        Assert.True(error == ErrorCode.None || decoded.Length == 0);
        return error;
    }
}
