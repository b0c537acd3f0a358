namespace Loire.Model.Compression;

/// <summary>
/// Selects the codec of a <see cref="CompressionType"/>. A decoder appends to a <see cref="BoundedBuffer"/> and returns
/// <see cref="ErrorCode.CorruptMessage"/> for malformed input and <see cref="ErrorCode.MessageTooLarge"/> at the buffer's bound; it never
/// throws. Thread-safe.
/// </summary>
internal static class Codec
{
    public static ErrorCode Decode(CompressionType compression, ReadOnlySpan<byte> source, BoundedBuffer output) => compression switch
    {
        CompressionType.Gzip => Gzip.Decode(source, output),
        CompressionType.Snappy => Snappy.Decode(source, output),
        CompressionType.Lz4 => Lz4.Decode(source, output),
        CompressionType.Zstd => Zstd.Decode(source, output),
        _ => ErrorCode.UnsupportedCompressionType,
    };

    /// <summary>Compresses <paramref name="data"/>; <paramref name="output"/> has room for <see cref="MaxEncoded"/>.</summary>
    public static void Encode(CompressionType compression, ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        switch (compression)
        {
            case CompressionType.Gzip:
                Gzip.Encode(data, output);
                break;
            case CompressionType.Snappy:
                Snappy.Encode(data, output);
                break;
            case CompressionType.Lz4:
                Lz4.Encode(data, output);
                break;
            default:
                Invariant.Check(compression == CompressionType.Zstd);
                Zstd.Encode(data, output);
                break;
        }
    }

    /// <summary>An upper bound on the compressed size of <paramref name="length"/> bytes.</summary>
    public static int MaxEncoded(CompressionType compression, int length) => compression switch
    {
        CompressionType.Gzip => Gzip.MaxEncoded(length),
        CompressionType.Snappy => Snappy.MaxEncoded(length),
        CompressionType.Lz4 => Lz4.MaxEncoded(length),
        _ => Zstd.MaxEncoded(length),
    };
}
