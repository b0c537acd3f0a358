using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Loire.Model;

namespace Loire.Coordination;

/// <summary>Writes the fields that <see cref="FieldReader"/> reads.</summary>
public sealed class FieldWriter
{
    /// <summary>The length that encodes a null text.</summary>
    internal const ushort NullText = ushort.MaxValue;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>The bytes written so far.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>Writes one byte.</summary>
    public FieldWriter Byte(byte value)
    {
        Next(1)[0] = value;
        return this;
    }

    /// <summary>Writes two bytes.</summary>
    public FieldWriter UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Next(2), value);
        return this;
    }

    /// <summary>Writes four bytes.</summary>
    public FieldWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(Next(4), value);
        return this;
    }

    /// <summary>Writes eight bytes.</summary>
    public FieldWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(Next(8), value);
        return this;
    }

    /// <summary>Writes sixteen bytes.</summary>
    public FieldWriter Guid(Guid value)
    {
        Invariant.Check(value.TryWriteBytes(Next(16), bigEndian: true, out _));
        return this;
    }

    /// <summary>Writes a four-byte length and the bytes.</summary>
    public FieldWriter Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        value.CopyTo(Next(value.Length));
        return this;
    }

    /// <summary>Writes a two-byte length and the text as UTF-8, at most 65534 bytes; null is the length 65535.</summary>
    public FieldWriter Text(string? value)
    {
        if (value is null)
        {
            return UInt16(NullText);
        }

        var length = Encoding.UTF8.GetByteCount(value);
        Invariant.Check(length < NullText);
        UInt16((ushort)length);
        Encoding.UTF8.GetBytes(value, Next(length));
        return this;
    }

    private Span<byte> Next(int count)
    {
        var field = _buffer.GetSpan(count)[..count];
        _buffer.Advance(count);
        return field;
    }
}
