using System.Buffers;

namespace Loire.Client;

/// <summary>Serializes keys or values. Must be thread-safe. Never called for null, which is stored as null.</summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface ISerializer<in T>
{
    /// <summary>Appends the bytes of <paramref name="value"/> to <paramref name="destination"/>; an exception fails the record.</summary>
    void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context);
}

/// <summary>An asynchronous <see cref="ISerializer{T}"/>, for example one that uses a schema registry or a key vault.</summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface IAsyncSerializer<in T>
{
    /// <summary>Appends the bytes of <paramref name="value"/> to <paramref name="destination"/>; an exception fails the record.</summary>
    ValueTask SerializeAsync(T value, IBufferWriter<byte> destination, SerializationContext context, CancellationToken cancellation);
}
