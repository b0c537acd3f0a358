namespace Loire.Client;

/// <summary>Records of a partition cannot be read. It ends the enumeration; positions do not change.</summary>
public sealed class ConsumeException : LoireException
{
    /// <param name="code">Kafka's error.</param>
    /// <param name="position">The first offset that could not be read.</param>
    /// <param name="message">Human-readable detail; null for the error table's text.</param>
    /// <param name="inner">The cause; null if there is none.</param>
    public ConsumeException(ErrorCode code, TopicPartitionOffset position, string? message = null, Exception? inner = null)
        : base(code, message, inner) => Position = position;

    /// <summary>The first offset that could not be read.</summary>
    public TopicPartitionOffset Position { get; }
}
