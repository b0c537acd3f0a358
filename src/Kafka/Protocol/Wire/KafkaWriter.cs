using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Loire.Kafka.Protocol.Wire;

/// <summary>
/// Appends fields to one frame in a pooled array. Large records are not copied: the frame remembers where they belong. The forms are those of
/// <see cref="KafkaReader"/>.
/// </summary>
/// <remarks>Passed by reference, and never used after a copy of it was.</remarks>
public ref struct KafkaWriter
{
    private const int InitialBytes = 512;
    private const int VarintBytes = 5;

    private byte[] _buffer;
    private int _position;
    private List<Attachment>? _attachments;
    private long _attachedBytes;
    private int _openTags;

    /// <summary>Begins an empty frame.</summary>
    public KafkaWriter()
    {
        _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    }

    /// <summary>Bytes written so far, the attached ones included.</summary>
    public readonly long Length => _position + _attachedBytes;

    /// <summary>Appends a byte that is 0 or 1.</summary>
    public void WriteBoolean(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    /// <summary>Appends one byte.</summary>
    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    /// <summary>Appends two bytes.</summary>
    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    /// <summary>Appends two bytes.</summary>
    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    /// <summary>Appends four bytes.</summary>
    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    /// <summary>Appends eight bytes.</summary>
    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    /// <summary>Appends eight bytes.</summary>
    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);

    /// <summary>Appends 16 bytes in the order of the text form.</summary>
    public void WriteUuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    /// <summary>Appends 1 to 5 bytes of seven bits each, the low ones first.</summary>
    public void WriteVarint(uint value)
    {
        while (value >= 0x80)
        {
            Take(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Take(1)[0] = (byte)value;
    }

    /// <summary>Appends a string.</summary>
    public void WriteString(string? value, bool compact) => WriteNullableString(value ?? FailNull<string>(), compact);

    /// <summary>Appends a string or null.</summary>
    public void WriteNullableString(string? value, bool compact)
    {
        var length = value is null ? -1 : Encoding.UTF8.GetByteCount(value);
        if (length > KafkaLimits.StringBytes)
        {
            throw new InvalidOperationException($"A string of {length} bytes is longer than the protocol allows.");
        }

        if (compact)
        {
            WriteVarint((uint)(length + 1));
        }
        else
        {
            WriteInt16((short)length);
        }

        if (length > 0)
        {
            Encoding.UTF8.GetBytes(value, Take(length));
        }
    }

    /// <summary>Appends bytes.</summary>
    public void WriteBytes(ReadOnlyMemory<byte> value, bool compact)
    {
        WriteLength(value.Length, compact);
        value.Span.CopyTo(Take(value.Length));
    }

    /// <summary>Appends bytes or null.</summary>
    public void WriteNullableBytes(ReadOnlyMemory<byte>? value, bool compact)
    {
        if (value is { } bytes)
        {
            WriteBytes(bytes, compact);
        }
        else
        {
            WriteLength(-1, compact);
        }
    }

    /// <summary>Appends records.</summary>
    public void WriteRecords(RecordBytes value, bool compact)
    {
        if (value.IsNull)
        {
            FailNull<string>();
        }

        WriteNullableRecords(value, compact);
    }

    /// <summary>Appends records or their null.</summary>
    public void WriteNullableRecords(RecordBytes value, bool compact)
    {
        if (value.IsNull)
        {
            WriteLength(-1, compact);
            return;
        }

        var length = value.Length;
        if (length > KafkaLimits.OutgoingBytes)
        {
            FailLength();
        }

        WriteLength((int)length, compact);
        value.WriteTo(ref this);
    }

    /// <summary>Appends an array of structs.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="items">The elements.</param>
    /// <param name="version">The version of the message.</param>
    /// <param name="compact">Whether the version is flexible.</param>
    public void WriteArray<T>(T[]? items, short version, bool compact)
        where T : IKafkaStruct<T> => WriteNullableArray(items ?? FailNull<T[]>(), version, compact);

    /// <summary>Appends an array of structs or null.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="items">The elements.</param>
    /// <param name="version">The version of the message.</param>
    /// <param name="compact">Whether the version is flexible.</param>
    public void WriteNullableArray<T>(T[]? items, short version, bool compact)
        where T : IKafkaStruct<T>
    {
        WriteLength(items?.Length ?? -1, compact);
        for (var i = 0; i < items?.Length; i++)
        {
            items[i].Write(ref this, version);
        }
    }

    /// <summary>Appends a struct.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="item">The struct.</param>
    /// <param name="version">The version of the message.</param>
    public void WriteStruct<T>(T? item, short version)
        where T : class, IKafkaStruct<T> => (item ?? FailNull<T>()).Write(ref this, version);

    /// <summary>Appends a byte that says whether the struct is there, and the struct.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="item">The struct.</param>
    /// <param name="version">The version of the message.</param>
    public void WriteNullableStruct<T>(T? item, short version)
        where T : class, IKafkaStruct<T>
    {
        WriteInt8(item is null ? (sbyte)-1 : (sbyte)1);
        item?.Write(ref this, version);
    }

    /// <summary>Appends an array of strings.</summary>
    public void WriteStringArray(string[]? items, bool compact) => WriteNullableStringArray(items ?? FailNull<string[]>(), compact);

    /// <summary>Appends an array of strings or null.</summary>
    public void WriteNullableStringArray(string[]? items, bool compact)
    {
        WriteLength(items?.Length ?? -1, compact);
        foreach (var item in items ?? [])
        {
            WriteString(item, compact);
        }
    }

    /// <summary>Appends an array of bytes with a sign.</summary>
    public void WriteInt8Array(sbyte[]? items, bool compact)
    {
        WriteLength((items ?? FailNull<sbyte[]>()).Length, compact);
        foreach (var item in items)
        {
            WriteInt8(item);
        }
    }

    /// <summary>Appends an array of two-byte integers.</summary>
    public void WriteInt16Array(short[]? items, bool compact)
    {
        WriteLength((items ?? FailNull<short[]>()).Length, compact);
        foreach (var item in items)
        {
            WriteInt16(item);
        }
    }

    /// <summary>Appends an array of four-byte integers.</summary>
    public void WriteInt32Array(int[]? items, bool compact) => WriteNullableInt32Array(items ?? FailNull<int[]>(), compact);

    /// <summary>Appends an array of four-byte integers or null.</summary>
    public void WriteNullableInt32Array(int[]? items, bool compact)
    {
        WriteLength(items?.Length ?? -1, compact);
        foreach (var item in items ?? [])
        {
            WriteInt32(item);
        }
    }

    /// <summary>Appends an array of eight-byte integers.</summary>
    public void WriteInt64Array(long[]? items, bool compact)
    {
        WriteLength((items ?? FailNull<long[]>()).Length, compact);
        foreach (var item in items)
        {
            WriteInt64(item);
        }
    }

    /// <summary>Appends an array of ids.</summary>
    public void WriteUuidArray(Guid[]? items, bool compact)
    {
        WriteLength((items ?? FailNull<Guid[]>()).Length, compact);
        foreach (var item in items)
        {
            WriteUuid(item);
        }
    }

    /// <summary>Begins a tagged field.</summary>
    /// <param name="tag">Higher than that of the field before.</param>
    /// <returns>What <see cref="EndTag"/> wants.</returns>
    public int BeginTag(int tag)
    {
        WriteVarint((uint)tag);
        _openTags++;
        return _position;
    }

    /// <summary>Ends a tagged field: its size goes before it.</summary>
    /// <param name="start">From <see cref="BeginTag"/>.</param>
    public void EndTag(int start)
    {
        var size = _position - start;
        WriteVarint((uint)size);
        Span<byte> varint = stackalloc byte[VarintBytes];
        var written = _buffer.AsSpan(start + size, _position - start - size);
        written.CopyTo(varint);
        var shift = written.Length;
        _buffer.AsSpan(start, size).CopyTo(_buffer.AsSpan(start + shift));
        varint[..shift].CopyTo(_buffer.AsSpan(start));
        _openTags--;
    }

    /// <summary>Leaves room for the length of the frame.</summary>
    internal void BeginFrame() => WriteInt32(0);

    /// <summary>Sets the length, and gives the frame away: the writer is empty and of no use.</summary>
    internal OutgoingBuffer EndFrame()
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer, checked((int)Length - sizeof(int)));
        var buffer = new OutgoingBuffer(_buffer, _position, _attachments);
        (_buffer, _position, _attachments) = ([], 0, null);
        return buffer;
    }

    /// <summary>Appends what was written to something else.</summary>
    internal readonly void CopyTo(IBufferWriter<byte> target) => new OutgoingBuffer(_buffer, _position, _attachments).CopyTo(target);

    /// <summary>Returns the array to the pool; the writer is of no use afterwards.</summary>
    internal void Abandon()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _position, _attachments) = ([], 0, null);
    }

    /// <summary>Appends bytes without their length; large ones by reference.</summary>
    internal void WriteAttached(ReadOnlyMemory<byte> bytes)
    {
        // The size of a tagged field counts the bytes of the array only.
        if (bytes.Length < KafkaLimits.AttachedBytes || _openTags > 0)
        {
            bytes.Span.CopyTo(Take(bytes.Length));
            return;
        }

        if (Length + bytes.Length > KafkaLimits.OutgoingBytes)
        {
            FailLength();
        }

        _attachments ??= [];
        _attachments.Add(new Attachment(_position, bytes));
        _attachedBytes += bytes.Length;
    }

    private void WriteLength(int length, bool compact)
    {
        if (compact)
        {
            WriteVarint((uint)(length + 1));
        }
        else
        {
            WriteInt32(length);
        }
    }

    private Span<byte> Take(int length)
    {
        var start = _position;
        if (length > _buffer.Length - start)
        {
            Grow(length);
        }

        _position = start + length;
        return _buffer.AsSpan(start, length);
    }

    private void Grow(int length)
    {
        if (Length + length > KafkaLimits.OutgoingBytes)
        {
            FailLength();
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(2L * _buffer.Length, (long)_position + length), KafkaLimits.OutgoingBytes));
        _buffer.AsSpan(0, _position).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    [DoesNotReturn]
    private static T FailNull<T>() => throw new InvalidOperationException("A field is null that must not be null in this version.");

    [DoesNotReturn]
    private static void FailLength() => throw new InvalidOperationException($"The frame would be longer than {KafkaLimits.OutgoingBytes} bytes.");
}
