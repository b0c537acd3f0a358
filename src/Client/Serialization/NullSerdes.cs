using System.Buffers;

namespace Loire.Client;

/// <summary>Nothing: a serializer is not called for null, and there is no other value.</summary>
internal sealed class NullSerde : ISerializer<Null>, IDeserializer<Null>
{
    public void Serialize(Null value, IBufferWriter<byte> destination, in SerializationContext context) =>
        throw new NotSupportedException("Null has no instances.");

    public Null Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) =>
        throw new FormatException($"Null was expected, and there are {data.Length} bytes. Ignore passes over any bytes.");
}

/// <summary>Passes over the bytes.</summary>
internal sealed class IgnoreDeserializer : IDeserializer<Ignore>
{
    public Ignore Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) => null!;
}

/// <summary>As the type below it; null itself never comes here.</summary>
internal sealed class NullableSerde<T>(ISerializer<T> serializer, IDeserializer<T> deserializer) : ISerializer<T?>, IDeserializer<T?>
    where T : struct
{
    public void Serialize(T? value, IBufferWriter<byte> destination, in SerializationContext context) =>
        serializer.Serialize(value!.Value, destination, context);

    public T? Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) => deserializer.Deserialize(data, context);
}
