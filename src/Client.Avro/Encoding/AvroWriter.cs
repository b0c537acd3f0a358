using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Loire.Client.Avro;

/// <summary>
/// Writes Avro's binary encoding into a buffer. Numbers are zig-zag varints, text and bytes have their length in front, arrays and maps are
/// one block of everything and an empty block. <see cref="Flush"/> at the end; without it the last bytes are not in the buffer.
/// </summary>
internal ref struct AvroWriter
{
    private const int VarintBytes = 10;

    private readonly IBufferWriter<byte> _destination;
    private readonly int _maxDepth;
    private Span<byte> _span;
    private int _used;
    private long _flushed;
    private int _depth;

    public AvroWriter(IBufferWriter<byte> destination, int maxDepth) => (_destination, _maxDepth) = (destination, maxDepth);

    /// <summary>Bytes written, whether flushed or not.</summary>
    public readonly long Written => _flushed + _used;

    private static Encoding Utf8 { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public void WriteBoolean(bool value)
    {
        Ensure(1);
        _span[_used++] = value ? (byte)1 : (byte)0;
    }

    /// <summary>An int or a long: both are written alike.</summary>
    public void WriteLong(long value)
    {
        Ensure(VarintBytes);
        var rest = (ulong)((value << 1) ^ (value >> 63));
        while (rest >= 0x80)
        {
            _span[_used++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        _span[_used++] = (byte)rest;
    }

    public void WriteFloat(float value)
    {
        Ensure(sizeof(float));
        BinaryPrimitives.WriteSingleLittleEndian(_span[_used..], value);
        _used += sizeof(float);
    }

    public void WriteDouble(double value)
    {
        Ensure(sizeof(double));
        BinaryPrimitives.WriteDoubleLittleEndian(_span[_used..], value);
        _used += sizeof(double);
    }

    public void WriteBytes(scoped ReadOnlySpan<byte> value)
    {
        WriteLong(value.Length);
        WriteRaw(value);
    }

    /// <exception cref="AvroDataException">The text holds half a surrogate pair.</exception>
    public void WriteString(string value)
    {
        try
        {
            var length = Utf8.GetByteCount(value);
            WriteLong(length);
            Ensure(length);
            _used += Utf8.GetBytes(value, _span[_used..]);
        }
        catch (EncoderFallbackException exception)
        {
            throw new AvroDataException("A text holds half a surrogate pair, which UTF-8 cannot express.", exception);
        }
    }

    /// <summary>Bytes without a length: a fixed, or something that is encoded already.</summary>
    public void WriteRaw(scoped ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(_span[_used..]);
        _used += bytes.Length;
    }

    /// <summary>The head of the only block of an array or a map; nothing if that is empty.</summary>
    public void WriteBlock(int count)
    {
        if (count > 0)
        {
            WriteLong(count);
        }
    }

    /// <summary>The end of an array or a map.</summary>
    public void WriteEnd() => WriteLong(0);

    /// <summary>Begins a record. Only records can hold themselves, so only they are counted.</summary>
    /// <exception cref="AvroDataException">The value is nested too deep, or holds itself.</exception>
    public void Enter()
    {
        if (++_depth > _maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new AvroDataException($"Records are nested deeper than MaxDepth, {_maxDepth}, or a value holds itself.");
        }
    }

    public void Leave() => _depth--;

    public void Flush()
    {
        if (_used > 0)
        {
            _destination.Advance(_used);
            _flushed += _used;
        }

        _span = default;
        _used = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Ensure(int bytes)
    {
        if (_span.Length - _used < bytes)
        {
            Grow(bytes);
        }
    }

    private void Grow(int bytes)
    {
        Flush();
        _span = _destination.GetSpan(bytes);
    }
}
