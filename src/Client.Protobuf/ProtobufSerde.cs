using System.Buffers;
using Google.Protobuf;

namespace Loire.Client.Protobuf;

/// <summary>
/// Protocol Buffers messages as their plain bytes: no schema id and no length in front. Reads and writes where the bytes lie, without
/// copies but those that the message keeps. What a newer program added to a message is kept as unknown fields and written again.
/// </summary>
/// <typeparam name="T">The generated message.</typeparam>
public sealed class ProtobufSerde<T> : ISerializer<T>, IDeserializer<T>
    where T : IMessage<T>, new()
{
    private readonly MessageParser<T> _parser;

    /// <param name="parser">
    /// Reads the messages; by default one that keeps unknown fields and knows no extensions. See
    /// <see cref="MessageParser{T}.WithDiscardUnknownFields"/> and <see cref="MessageParser{T}.WithExtensionRegistry"/>.
    /// </param>
    public ProtobufSerde(MessageParser<T>? parser = null) => _parser = parser ?? new MessageParser<T>(() => new T());

    private static string Name => new T().Descriptor?.FullName ?? typeof(T).Name;

    /// <inheritdoc/>
    /// <exception cref="ProtobufException">A required field of a proto2 message is not set: no reader would accept the bytes.</exception>
    public void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context)
    {
        if (!value.IsInitialized())
        {
            throw new ProtobufException($"A required field of {Name} is not set.");
        }

        value.WriteTo(destination);
    }

    /// <inheritdoc/>
    /// <exception cref="ProtobufException">
    /// The bytes are no such message: cut off, malformed, nested deeper than 100 messages, or a required field is missing.
    /// </exception>
    public T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context)
    {
        try
        {
            return _parser.ParseFrom(data);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentException)
        {
            // Google.Protobuf says the first, but stumbles over some damaged lengths, as of a map's entry, with the others.
            throw new ProtobufException($"These {data.Length} bytes are no {Name}: {exception.Message}", exception);
        }
    }
}
