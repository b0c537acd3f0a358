using System.Buffers;

namespace Loire.Client.Hosting;

/// <summary>Deserializes one record, so that bytes which cannot be deserialized fail alone.</summary>
internal sealed class RecordDeserializer<TKey, TValue>(IDeserializer<TKey>? keys, IDeserializer<TValue>? values)
{
    private readonly IDeserializer<TKey> _keys = keys ?? Deserializers.For<TKey>();
    private readonly IDeserializer<TValue> _values = values ?? Deserializers.For<TValue>();

    /// <exception cref="SerializationException">The bytes are not those of the types.</exception>
    public ConsumeResult<TKey, TValue> Deserialize(ConsumeResult<byte[], byte[]> raw) => new()
    {
        Topic = raw.Topic,
        Partition = raw.Partition,
        Offset = raw.Offset,
        Key = Deserialize(_keys, MessageComponent.Key, raw.Key, raw),
        Value = Deserialize(_values, MessageComponent.Value, raw.Value, raw),
        IsTombstone = raw.IsTombstone,
        Headers = raw.Headers,
        Timestamp = raw.Timestamp,
    };

    private static T? Deserialize<T>(IDeserializer<T> deserializer, MessageComponent component, byte[]? bytes, ConsumeResult<byte[], byte[]> raw)
    {
        if (bytes is null)
        {
            return default;
        }

        var context = new SerializationContext(component, raw.Topic, raw.Headers);
        try
        {
            return deserializer.Deserialize(new ReadOnlySequence<byte>(bytes), context);
        }
        catch (Exception error)
        {
            throw new SerializationException(
                context, error, new TopicPartitionOffset(raw.Topic, raw.Partition, raw.Offset), raw);
        }
    }
}
