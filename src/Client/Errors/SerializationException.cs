namespace Loire.Client;

/// <summary>
/// A key or a value could not be turned into bytes, or bytes into a key or a value. When reading, the record is not lost:
/// <see cref="Position"/> names it, the consumer's position still lies before it, and <see cref="Raw"/> holds its bytes.
/// </summary>
public sealed class SerializationException : LoireException
{
    /// <param name="context">Which part of which topic's record.</param>
    /// <param name="inner">What the serializer threw.</param>
    /// <param name="position">The record; null when producing.</param>
    /// <param name="raw">The record's bytes; null when producing.</param>
    public SerializationException(
        SerializationContext context, Exception? inner, TopicPartitionOffset? position = null, ConsumeResult<byte[], byte[]>? raw = null)
        : base(ErrorCode.InvalidRecord, Text(context, position, inner), inner) => (Component, Position, Raw) = (context.Component, position, raw);

    /// <summary>The key or the value.</summary>
    public MessageComponent Component { get; }

    /// <summary>The record that cannot be read; null when producing.</summary>
    public TopicPartitionOffset? Position { get; }

    /// <summary>The record that cannot be read, as bytes; null when producing.</summary>
    public ConsumeResult<byte[], byte[]>? Raw { get; }

    private static string Text(SerializationContext context, TopicPartitionOffset? position, Exception? inner) => position is { } at
        ? $"The {Part(context)} of the record at {at} cannot be deserialized: {inner?.Message}"
        : $"The {Part(context)} of a record for {context.Topic} cannot be serialized: {inner?.Message}";

    private static string Part(SerializationContext context) => context.Component == MessageComponent.Key ? "key" : "value";
}
