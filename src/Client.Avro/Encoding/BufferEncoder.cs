using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Encoder = Avro.IO.Encoder;

namespace Loire.Client.Avro;

/// <summary>
/// Writes Avro's binary encoding into the client's buffer, where BinaryEncoder would write a Stream byte by byte. Fails before the stack
/// overflows, so a value that contains itself does not end the process.
/// </summary>
internal sealed class BufferEncoder(IBufferWriter<byte> destination) : Encoder
{
    private const int MaxLongBytes = 10;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public void WriteNull()
    {
    }

    public void WriteBoolean(bool value)
    {
        destination.GetSpan(1)[0] = value ? (byte)1 : (byte)0;
        destination.Advance(1);
    }

    public void WriteInt(int value) => WriteLong(value);

    public void WriteLong(long value)
    {
        var span = destination.GetSpan(MaxLongBytes);
        var rest = (ulong)((value << 1) ^ (value >> 63));
        var length = 0;
        for (; rest > 0x7F; rest >>= 7)
        {
            span[length++] = (byte)(rest | 0x80);
        }

        span[length++] = (byte)rest;
        destination.Advance(length);
    }

    public void WriteFloat(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(destination.GetSpan(sizeof(float)), value);
        destination.Advance(sizeof(float));
    }

    public void WriteDouble(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(destination.GetSpan(sizeof(double)), value);
        destination.Advance(sizeof(double));
    }

    public void WriteBytes(byte[] value) => WriteBytes(value, 0, value.Length);

    public void WriteBytes(byte[] value, int offset, int length)
    {
        WriteLong(length);
        WriteFixed(value, offset, length);
    }

    public void WriteString(string value)
    {
        var length = Utf8.GetByteCount(value);
        WriteLong(length);
        destination.Advance(Utf8.GetBytes(value, destination.GetSpan(length)));
    }

    public void WriteEnum(int value) => WriteLong(value);

    public void WriteArrayStart()
    {
    }

    public void SetItemCount(long value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (value > 0)
        {
            WriteLong(value);
        }
    }

    public void StartItem()
    {
    }

    public void WriteArrayEnd() => WriteLong(0);

    public void WriteMapStart()
    {
    }

    public void WriteMapEnd() => WriteLong(0);

    public void WriteUnionIndex(int value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        WriteLong(value);
    }

    public void WriteFixed(byte[] data) => WriteFixed(data, 0, data.Length);

    public void WriteFixed(byte[] data, int start, int len) => destination.Write(data.AsSpan(start, len));

    public void Flush()
    {
    }
}
