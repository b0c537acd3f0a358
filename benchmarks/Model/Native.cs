using System.Runtime.InteropServices;

namespace Loire.Model.Benchmarks;

/// <summary>The reference libraries of LZ4 and Snappy, where the system has them.</summary>
internal static partial class Native
{
    public static bool HasLz4 { get; } = NativeLibrary.TryLoad("liblz4.so.1", out _);

    public static bool HasSnappy { get; } = NativeLibrary.TryLoad("libsnappy.so.1", out _);

    [LibraryImport("liblz4.so.1")]
    public static partial int LZ4_compress_default(ReadOnlySpan<byte> source, Span<byte> destination, int sourceSize, int capacity);

    [LibraryImport("liblz4.so.1")]
    public static partial int LZ4_decompress_safe(ReadOnlySpan<byte> source, Span<byte> destination, int sourceSize, int capacity);

    [LibraryImport("libsnappy.so.1")]
    public static partial int snappy_compress(ReadOnlySpan<byte> source, nuint sourceSize, Span<byte> destination, ref nuint size);

    [LibraryImport("libsnappy.so.1")]
    public static partial int snappy_uncompress(ReadOnlySpan<byte> source, nuint sourceSize, Span<byte> destination, ref nuint size);
}
