using System.Runtime.InteropServices;

namespace Loire.Model.Tests.Codecs;

/// <summary>The reference libraries of LZ4 and Snappy, to compare ours with.</summary>
internal static unsafe partial class NativeCodecs
{
    public static byte[] Lz4Compress(byte[] data)
    {
        var compressed = new byte[data.Length + (data.Length / 255) + 16];
        var size = LZ4_compress_default(data, compressed, data.Length, compressed.Length);
        Assert.True(size > 0);
        return compressed[..size];
    }

    public static byte[]? Lz4Decompress(byte[] block, int capacity)
    {
        var data = new byte[Math.Max(1, capacity)];
        var size = LZ4_decompress_safe(block, data, block.Length, capacity);
        return size < 0 ? null : data[..size];
    }

    public static byte[] SnappyCompress(byte[] data)
    {
        nuint size = snappy_max_compressed_length((nuint)data.Length);
        var compressed = new byte[size];
        Assert.Equal(0, snappy_compress(data, (nuint)data.Length, compressed, ref size));
        return compressed[..(int)size];
    }

    public static byte[]? SnappyDecompress(byte[] block)
    {
        if (snappy_uncompressed_length(block, (nuint)block.Length, out var size) != 0)
        {
            return null;
        }

        var data = new byte[size];
        return snappy_uncompress(block, (nuint)block.Length, data, ref size) == 0 ? data : null;
    }

    [LibraryImport("liblz4.so.1")]
    private static partial int LZ4_compress_default(byte[] source, byte[] destination, int sourceSize, int capacity);

    [LibraryImport("liblz4.so.1")]
    private static partial int LZ4_decompress_safe(byte[] source, byte[] destination, int sourceSize, int capacity);

    [LibraryImport("libsnappy.so.1")]
    private static partial nuint snappy_max_compressed_length(nuint size);

    [LibraryImport("libsnappy.so.1")]
    private static partial int snappy_compress(byte[] source, nuint sourceSize, byte[] destination, ref nuint size);

    [LibraryImport("libsnappy.so.1")]
    private static partial int snappy_uncompressed_length(byte[] source, nuint sourceSize, out nuint size);

    [LibraryImport("libsnappy.so.1")]
    private static partial int snappy_uncompress(byte[] source, nuint sourceSize, byte[] destination, ref nuint size);
}
