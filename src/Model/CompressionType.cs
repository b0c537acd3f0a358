using Loire.Model.Codecs;

namespace Loire.Model;

/// <summary>How the records of a batch are compressed (bits 0 to 2 of a batch's attributes; <c>compression.type</c>).</summary>
[GenerateSerializer, Alias("loire.CompressionType")]
public enum CompressionType
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>RFC 1952.</summary>
    Gzip = 1,

    /// <summary>Snappy, framed like the Java library snappy-java or as one raw block.</summary>
    Snappy = 2,

    /// <summary>The LZ4 frame format.</summary>
    Lz4 = 3,

    /// <summary>RFC 8878; only where the system has libzstd.</summary>
    Zstd = 4,
}

/// <summary>What this process can do with a <see cref="CompressionType"/>.</summary>
public static class CompressionTypes
{
    /// <summary>
    /// Whether batches can be compressed and decompressed here. A batch of a known type that is not available can still be stored and
    /// fetched, since the broker does not decode it.
    /// </summary>
    public static bool IsAvailable(CompressionType type) =>
        type is >= CompressionType.None and < CompressionType.Zstd || (type == CompressionType.Zstd && Zstd.IsAvailable);
}
