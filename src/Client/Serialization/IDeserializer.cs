using System.Buffers;

namespace Loire.Client;

/// <summary>
/// Deserializes keys or values. Must be thread-safe. Never called for null, which becomes the default of the type.
/// </summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface IDeserializer<out T>
{
    /// <summary>Reads all of <paramref name="data"/>, which is valid until the call returns; throws if the data is invalid.</summary>
    T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context);
}

/// <summary>An asynchronous <see cref="IDeserializer{T}"/>.</summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface IAsyncDeserializer<T>
{
    /// <summary>Reads all of <paramref name="data"/>, which is valid until the task ends.</summary>
    ValueTask<T> DeserializeAsync(ReadOnlySequence<byte> data, SerializationContext context, CancellationToken cancellation);
}
