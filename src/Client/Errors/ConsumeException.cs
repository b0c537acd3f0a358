namespace Loire.Client;

/// <summary>Records of a partition cannot be read. Ends the enumeration that it is thrown from; positions stay where they were.</summary>
public sealed class ConsumeException : LoireException
{
    /// <param name="code">Why.</param>
    /// <param name="position">Where.</param>
    /// <param name="message">One sentence about this case.</param>
    /// <param name="inner">The cause.</param>
    public ConsumeException(ErrorCode code, TopicPartitionOffset position, string? message = null, Exception? inner = null)
        : base(code, message, inner) => Position = position;

    /// <summary>The first offset that could not be read.</summary>
    public TopicPartitionOffset Position { get; }
}
