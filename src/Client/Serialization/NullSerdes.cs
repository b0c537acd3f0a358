using System.Buffers;

namespace Loire.Client;

/// <summary>Never serializes: serializers are not called for null, and there is no other value.</summary>
internal sealed class NullSerde : ISerializer<Null>, IDeserializer<Null>
{
    public void Serialize(Null value, IBufferWriter<byte> destination, in SerializationContext context) =>
        throw new NotSupportedException("Null has no instances.");

    public Null Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) =>
        throw new FormatException($"Expected null but found {data.Length} bytes. Use Ignore to discard any bytes.");
}

/// <summary>Discards the bytes.</summary>
internal sealed class IgnoreDeserializer : IDeserializer<Ignore>
{
    public Ignore Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) => null!;
}

/// <summary>Delegates to the serde of the underlying type; never called for null.</summary>
internal sealed class NullableSerde<T>(ISerializer<T> serializer, IDeserializer<T> deserializer) : ISerializer<T?>, IDeserializer<T?>
    where T : struct
{
    public void Serialize(T? value, IBufferWriter<byte> destination, in SerializationContext context) =>
        serializer.Serialize(value!.Value, destination, context);

    public T? Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) => deserializer.Deserialize(data, context);
}
