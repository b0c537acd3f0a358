namespace Loire.Kafka.Protocol.Wire;

/// <summary>
/// All bounds on what a peer may send and on what decoding may allocate. A message has no bound on its depth since no type of the schema contains itself.
/// </summary>
public static class KafkaLimits
{
    /// <summary>Bytes of a request after its length: the default of Kafka's <c>socket.request.max.bytes</c>.</summary>
    public const int RequestBytes = 100 * 1024 * 1024;

    /// <summary>Bytes of a frame that is written, its length included. Clients accept at most 2 GiB.</summary>
    public const int OutgoingBytes = 1024 * 1024 * 1024;

    /// <summary>Elements of one array, as in Kafka 4.4.</summary>
    public const int ArrayElements = 1_000_000;

    /// <summary>Tagged fields of one struct, as in Kafka 4.4.</summary>
    public const int TaggedFields = 10_000;

    /// <summary>Bytes of one string in UTF-8: what the classic form can express, and all that Kafka accepts of the compact one.</summary>
    public const int StringBytes = short.MaxValue;

    /// <summary>
    /// Bytes of arrays, objects and strings that decoding a frame may allocate for each byte of the frame. Only strings and arrays of one or two elements, by the
    /// thousand, take more.
    /// </summary>
    public const int DecodedBytesPerByte = 8;

    /// <summary>Bytes that decoding any frame may allocate, so that a small one is not refused for its short strings.</summary>
    public const int DecodedBytesAtLeast = 64 * 1024;

    /// <summary>Records of at least this many bytes are sent from where they lie instead of being copied into the frame's own array.</summary>
    public const int AttachedBytes = 1024;
}
