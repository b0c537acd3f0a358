using System.Buffers;

namespace Loire.Client;

/// <summary>
/// Turns bytes into keys or values. Called by several threads at once. Never called for null: that becomes the default of the type.
/// </summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface IDeserializer<out T>
{
    /// <summary>Reads all of <paramref name="data"/>, which is valid until the call returns; what it throws says what is wrong.</summary>
    T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context);
}

/// <summary>As <see cref="IDeserializer{T}"/>, for what has to wait.</summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface IAsyncDeserializer<T>
{
    /// <summary>Reads all of <paramref name="data"/>, which is valid until the task ends.</summary>
    ValueTask<T> DeserializeAsync(ReadOnlySequence<byte> data, SerializationContext context, CancellationToken cancellation);
}
