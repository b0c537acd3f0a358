namespace Loire.Model;

/// <summary>How the records of a batch are compressed (bits 0 to 2 of a batch's attributes; <c>compression.type</c>).</summary>
[GenerateSerializer, Alias("loire.CompressionType")]
public enum CompressionType
{
    /// <summary>No compression.</summary>
    None = 0,

    /// <summary>gzip (RFC 1952).</summary>
    Gzip = 1,

    /// <summary>Snappy, with snappy-java's framing or as one raw block.</summary>
    Snappy = 2,

    /// <summary>The LZ4 frame format.</summary>
    Lz4 = 3,

    /// <summary>Zstandard (RFC 8878).</summary>
    Zstd = 4,
}
