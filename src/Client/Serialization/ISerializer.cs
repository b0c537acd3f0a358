using System.Buffers;

namespace Loire.Client;

/// <summary>Turns keys or values into bytes. Called by several threads at once. Never called with null: null is stored as null.</summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface ISerializer<in T>
{
    /// <summary>Appends the bytes of <paramref name="value"/> to <paramref name="destination"/>; what it throws fails the record.</summary>
    void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context);
}

/// <summary>As <see cref="ISerializer{T}"/>, for what has to wait: a schema registry, a key vault.</summary>
/// <typeparam name="T">The type of the key or value.</typeparam>
public interface IAsyncSerializer<in T>
{
    /// <summary>Appends the bytes of <paramref name="value"/> to <paramref name="destination"/>; what it throws fails the record.</summary>
    ValueTask SerializeAsync(T value, IBufferWriter<byte> destination, SerializationContext context, CancellationToken cancellation);
}
