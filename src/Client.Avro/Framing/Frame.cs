using System.Buffers;
using Avro;

namespace Loire.Client.Avro;

/// <summary>A header of fixed size before each value, with the key of the schema that the value was written with.</summary>
internal abstract class Frame
{
    /// <summary>Bytes of the header; 16 at most.</summary>
    public abstract int Size { get; }

    /// <summary>The key of the serde's own schema. Completes synchronously except for the first call of a topic.</summary>
    public abstract ValueTask<ulong> OwnKeyAsync(SerializationContext context, CancellationToken cancellation);

    /// <summary>The schema of a key; null if it is unknown.</summary>
    public abstract ValueTask<Schema?> FindAsync(ulong key, CancellationToken cancellation);

    /// <summary>Describes a key in error messages.</summary>
    public abstract string Describe(ulong key);

    /// <summary>Writes the header of a value.</summary>
    public void Write(IBufferWriter<byte> destination, ulong key)
    {
        WriteHeader(destination.GetSpan(Size), key);
        destination.Advance(Size);
    }

    /// <summary>Removes the header from <paramref name="data"/>.</summary>
    /// <returns>The key.</returns>
    /// <exception cref="AvroDataException">The data does not start with a header of this framing.</exception>
    public ulong Read(ref ReadOnlySequence<byte> data)
    {
        Span<byte> header = stackalloc byte[16];
        header = header[..Size];
        if (data.Length < Size)
        {
            throw new AvroDataException($"The data has {data.Length} bytes, fewer than the header of {Size} bytes.");
        }

        data.Slice(0, Size).CopyTo(header);
        data = data.Slice(Size);
        return ReadHeader(header);
    }

    protected abstract void WriteHeader(Span<byte> header, ulong key);

    /// <exception cref="AvroDataException">The data does not start with a header of this framing.</exception>
    protected abstract ulong ReadHeader(ReadOnlySpan<byte> header);
}
