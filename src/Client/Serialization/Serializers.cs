namespace Loire.Client;

/// <summary>
/// The built-in serializers, byte for byte those of Kafka's Java clients: numbers big-endian, <see cref="Guid"/> as 36 characters of text,
/// <see cref="string"/> as UTF-8. There is one for <c>byte[]</c>, <see cref="ReadOnlyMemory{T}"/> of bytes, <see cref="string"/>,
/// <see cref="int"/>, <see cref="long"/>, <see cref="float"/>, <see cref="double"/>, <see cref="Guid"/>, the nullable forms of these, and
/// <see cref="Null"/>.
/// </summary>
public static class Serializers
{
    /// <summary>The built-in serializer of a type.</summary>
    /// <typeparam name="T">The type of keys or values.</typeparam>
    /// <exception cref="NotSupportedException">There is none.</exception>
    public static ISerializer<T> For<T>() => Find<T>() ?? throw new NotSupportedException(
        $"There is no built-in serializer for {typeof(T)}. Set KeySerializer or ValueSerializer in the producer's options; "
        + $"JsonSerde<{typeof(T).Name}> writes JSON.");

    internal static ISerializer<T>? Find<T>() => BuiltInSerdes.Of(typeof(T)) as ISerializer<T>;
}
