namespace Loire.Model;

/// <summary>How the records of a batch are compressed (bits 0 to 2 of a batch's attributes; <c>compression.type</c>).</summary>
[GenerateSerializer, Alias("loire.CompressionType")]
public enum CompressionType
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>RFC 1952.</summary>
    Gzip = 1,

    /// <summary>Raw Snappy blocks within the framing of the Java library snappy-java (xerial).</summary>
    Snappy = 2,

    /// <summary>The LZ4 frame format.</summary>
    Lz4 = 3,

    /// <summary>RFC 8878; only where the system has libzstd.</summary>
    Zstd = 4,
}
