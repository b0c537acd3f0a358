namespace Loire.Client;

/// <summary>
/// The built-in deserializers, for the types of <see cref="Serializers"/> and for <see cref="Ignore"/>. Data of the wrong length or invalid
/// UTF-8 is an error.
/// </summary>
public static class Deserializers
{
    /// <summary>The built-in deserializer of a type.</summary>
    /// <typeparam name="T">The type of keys or values.</typeparam>
    /// <exception cref="NotSupportedException">There is none.</exception>
    public static IDeserializer<T> For<T>() => Find<T>() ?? throw new NotSupportedException(
        $"There is no built-in deserializer for {typeof(T)}. Set KeyDeserializer or ValueDeserializer in the consumer's options; "
        + $"JsonSerde<{typeof(T).Name}> reads JSON, and Ignore discards the data.");

    internal static IDeserializer<T>? Find<T>() => BuiltInSerdes.Of(typeof(T)) as IDeserializer<T>;
}
