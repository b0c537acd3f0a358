using System.Buffers;
using System.Buffers.Binary;

namespace Loire.Client;

/// <summary>A value with a fixed size.</summary>
/// <param name="size">The size in bytes; at most 16.</param>
internal abstract class FixedSizeSerde<T>(int size) : ISerializer<T>, IDeserializer<T>
{
    private const int MaxSize = 16;

    public void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context)
    {
        Write(destination.GetSpan(size), value);
        destination.Advance(size);
    }

    public T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context)
    {
        if (data.Length != size)
        {
            throw new FormatException($"{typeof(T).Name} takes {size} bytes, but the data has {data.Length}.");
        }

        if (data.FirstSpan.Length == size)
        {
            return Read(data.FirstSpan);
        }

        Span<byte> bytes = stackalloc byte[MaxSize];
        data.CopyTo(bytes);
        return Read(bytes[..size]);
    }

    protected abstract void Write(Span<byte> destination, T value);

    protected abstract T Read(ReadOnlySpan<byte> bytes);
}

internal sealed class Int32Serde() : FixedSizeSerde<int>(sizeof(int))
{
    protected override void Write(Span<byte> destination, int value) => BinaryPrimitives.WriteInt32BigEndian(destination, value);

    protected override int Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32BigEndian(bytes);
}

internal sealed class Int64Serde() : FixedSizeSerde<long>(sizeof(long))
{
    protected override void Write(Span<byte> destination, long value) => BinaryPrimitives.WriteInt64BigEndian(destination, value);

    protected override long Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64BigEndian(bytes);
}

internal sealed class SingleSerde() : FixedSizeSerde<float>(sizeof(float))
{
    protected override void Write(Span<byte> destination, float value) => BinaryPrimitives.WriteSingleBigEndian(destination, value);

    protected override float Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadSingleBigEndian(bytes);
}

internal sealed class DoubleSerde() : FixedSizeSerde<double>(sizeof(double))
{
    protected override void Write(Span<byte> destination, double value) => BinaryPrimitives.WriteDoubleBigEndian(destination, value);

    protected override double Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadDoubleBigEndian(bytes);
}
