using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Loire.Coordination;

/// <summary>
/// Reads the fields of a journal record, big-endian like Kafka's formats. After the first field that cannot be read, every later read
/// fails.
/// </summary>
public ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = bytes;
    private bool _failed;

    /// <summary>Whether every read succeeded and no bytes remain.</summary>
    public readonly bool IsComplete => !_failed && _rest.IsEmpty;

    /// <summary>Whether any read failed.</summary>
    public readonly bool HasFailed => _failed;

    /// <summary>Number of unread bytes.</summary>
    public readonly int Left => _rest.Length;

    /// <summary>Reads one byte.</summary>
    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    /// <summary>Reads two bytes.</summary>
    public ushort UInt16() => Take(2) is { Length: 2 } field ? BinaryPrimitives.ReadUInt16BigEndian(field) : (ushort)0;

    /// <summary>Reads four bytes.</summary>
    public int Int32() => Take(4) is { Length: 4 } field ? BinaryPrimitives.ReadInt32BigEndian(field) : 0;

    /// <summary>Reads eight bytes.</summary>
    public long Int64() => Take(8) is { Length: 8 } field ? BinaryPrimitives.ReadInt64BigEndian(field) : 0;

    /// <summary>Reads sixteen bytes.</summary>
    public Guid Guid() => Take(16) is { Length: 16 } field ? new Guid(field, bigEndian: true) : System.Guid.Empty;

    /// <summary>Reads a four-byte length and a copy of that many bytes; empty if the read fails.</summary>
    public byte[] Bytes()
    {
        var length = Int32();
        _failed |= length < 0;
        return [.. Take(length)];
    }

    /// <summary>Skips a number of bytes.</summary>
    public void Skip(int count) => Take(count);

    /// <summary>Reads a two-byte length and that many bytes of UTF-8; null if the length is 65535 or the read fails.</summary>
    public string? Text()
    {
        var length = UInt16();
        if (_failed || length == FieldWriter.NullText)
        {
            return null;
        }

        try
        {
            return Utf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            _failed = true;
            return null;
        }
    }

    /// <summary>Reads a text as <see cref="Text"/> does; a null text is a failed read.</summary>
    public bool TryText([NotNullWhen(true)] out string? text)
    {
        text = Text();
        _failed |= text is null;
        return text is not null;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_failed || count > _rest.Length)
        {
            _failed = true;
            return default;
        }

        var field = _rest[..count];
        _rest = _rest[count..];
        return field;
    }
}
