namespace Loire.Client;

/// <summary>
/// A key or a value could not be serialized or deserialized. When reading, the record is not lost: <see cref="Position"/> identifies it,
/// the consumer's position is still before it, and <see cref="Raw"/> holds its bytes.
/// </summary>
public sealed class SerializationException : LoireException
{
    /// <param name="context">The component and the topic of the record.</param>
    /// <param name="inner">The exception that the serializer threw.</param>
    /// <param name="position">The record's position; null when producing.</param>
    /// <param name="raw">The record's bytes; null when producing.</param>
    public SerializationException(
        SerializationContext context, Exception? inner, TopicPartitionOffset? position = null, ConsumeResult<byte[], byte[]>? raw = null)
        : base(ErrorCode.InvalidRecord, Text(context, position, inner), inner) => (Component, Position, Raw) = (context.Component, position, raw);

    /// <summary>Whether the key or the value is affected.</summary>
    public MessageComponent Component { get; }

    /// <summary>The position of the unreadable record; null when producing.</summary>
    public TopicPartitionOffset? Position { get; }

    /// <summary>The unreadable record, as bytes; null when producing.</summary>
    public ConsumeResult<byte[], byte[]>? Raw { get; }

    private static string Text(SerializationContext context, TopicPartitionOffset? position, Exception? inner) => position is { } at
        ? $"The {Part(context)} of the record at {at} cannot be deserialized: {inner?.Message}"
        : $"The {Part(context)} of a record for {context.Topic} cannot be serialized: {inner?.Message}";

    private static string Part(SerializationContext context) => context.Component == MessageComponent.Key ? "key" : "value";
}
