using System.Buffers;

namespace Loire.Client;

/// <summary>The bytes themselves, copied.</summary>
internal sealed class ByteArraySerde : ISerializer<byte[]>, IDeserializer<byte[]>
{
    public void Serialize(byte[] value, IBufferWriter<byte> destination, in SerializationContext context) => destination.Write(value);

    public byte[] Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) =>
        data.IsSingleSegment ? data.FirstSpan.ToArray() : data.ToArray();
}

/// <summary>The bytes themselves, copied, because the source buffer is reused once the record is delivered.</summary>
internal sealed class MemorySerde : ISerializer<ReadOnlyMemory<byte>>, IDeserializer<ReadOnlyMemory<byte>>
{
    public void Serialize(ReadOnlyMemory<byte> value, IBufferWriter<byte> destination, in SerializationContext context) =>
        destination.Write(value.Span);

    public ReadOnlyMemory<byte> Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) => data.ToArray();
}
