using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Loire.Kafka.Protocol.Wire;

/// <summary>
/// Reads fields from one frame, front to back. Every length is checked against the rest of the frame, and every allocation against the frame's budget, before
/// anything is allocated; what does not fit is a <see cref="MalformedMessageException"/>. Bytes and records are slices of the frame.
/// </summary>
/// <remarks>
/// "Compact" is the form of flexible versions: an unsigned varint of the length plus one, 0 for null. The classic form is a length of two bytes for strings and
/// of four for everything else, −1 for null.
/// </remarks>
public ref struct KafkaReader
{
    // What the runtime adds to the elements of an array and to the characters of a string.
    private const int ArrayOverhead = 24;
    private const int StringOverhead = 22;

    private readonly ReadOnlyMemory<byte> _frame;
    private readonly ReadOnlySpan<byte> _span;
    private readonly StringCache? _strings;
    private int _position;
    private long _budget;

    /// <summary>Reads a frame.</summary>
    /// <param name="frame">What follows the length; strings and arrays are copied from it, bytes and records are slices of it.</param>
    /// <param name="strings">Strings of earlier frames; null to allocate every string.</param>
    public KafkaReader(ReadOnlyMemory<byte> frame, StringCache? strings = null)
    {
        _frame = frame;
        _span = frame.Span;
        _strings = strings;
        _budget = ((long)frame.Length * KafkaLimits.DecodedBytesPerByte) + KafkaLimits.DecodedBytesAtLeast;
    }

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes not read yet. Kafka's readers ignore what remains after a body.</summary>
    public readonly int Remaining => _span.Length - _position;

    /// <summary>Reads a byte that is 0 or not.</summary>
    public bool ReadBoolean() => Take(1)[0] != 0;

    /// <summary>Reads one byte.</summary>
    public sbyte ReadInt8() => (sbyte)Take(1)[0];

    /// <summary>Reads two bytes.</summary>
    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    /// <summary>Reads two bytes.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    /// <summary>Reads four bytes.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    /// <summary>Reads eight bytes.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    /// <summary>Reads eight bytes.</summary>
    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>Reads 16 bytes in the order of the text form.</summary>
    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    /// <summary>Reads 1 to 5 bytes of seven bits each, the low ones first.</summary>
    public uint ReadVarint()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            uint part = Take(1)[0];
            if (shift == 28 && part > 0x0f)
            {
                break;
            }

            value |= (part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        Fail(MalformedReason.Varint);
        return 0;
    }

    /// <summary>Reads a string. As in Kafka, bytes that are not UTF-8 become replacement characters.</summary>
    public string ReadString(bool compact) => ReadNullableString(compact) ?? FailNull<string>();

    /// <summary>Reads a string; null where the field is.</summary>
    public string? ReadNullableString(bool compact)
    {
        var length = compact ? CompactLength() : ReadInt16();
        if (length < 0)
        {
            return NullLength<string>(length);
        }

        if (length > KafkaLimits.StringBytes)
        {
            Fail(MalformedReason.Length);
        }

        var utf8 = Take(length);
        if (length == 0)
        {
            return "";
        }

        if (_strings?.Find(utf8) is { } known)
        {
            return known;
        }

        Charge(StringOverhead + (sizeof(char) * length));
        var value = Encoding.UTF8.GetString(utf8);
        _strings?.Remember(utf8, value);
        return value;
    }

    /// <summary>Reads bytes as a slice of the frame.</summary>
    public ReadOnlyMemory<byte> ReadBytes(bool compact) => ReadNullableBytes(compact) ?? FailNull<ReadOnlyMemory<byte>>();

    /// <summary>Reads bytes as a slice of the frame; null where the field is.</summary>
    public ReadOnlyMemory<byte>? ReadNullableBytes(bool compact)
    {
        var length = compact ? CompactLength() : ReadInt32();
        if (length < 0)
        {
            NullLength<string>(length);
            return null;
        }

        var start = _position;
        Take(length);
        return _frame.Slice(start, length);
    }

    /// <summary>Reads records as a slice of the frame.</summary>
    public RecordBytes ReadRecords(bool compact) => new(ReadBytes(compact));

    /// <summary>Reads records as a slice of the frame, or their null.</summary>
    public RecordBytes ReadNullableRecords(bool compact) => ReadNullableBytes(compact) is { } bytes ? new RecordBytes(bytes) : RecordBytes.Null;

    /// <summary>Reads an array of structs.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="version">The version of the message.</param>
    /// <param name="compact">Whether the version is flexible.</param>
    public T[] ReadArray<T>(short version, bool compact)
        where T : IKafkaStruct<T> => ReadNullableArray<T>(version, compact) ?? FailNull<T[]>();

    /// <summary>Reads an array of structs; null where the field is.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="version">The version of the message.</param>
    /// <param name="compact">Whether the version is flexible.</param>
    public T[]? ReadNullableArray<T>(short version, bool compact)
        where T : IKafkaStruct<T>
    {
        if (NewArray<T>(compact, T.MinimumSize(version), T.ObjectBytes) is not { } items)
        {
            return null;
        }

        for (var i = 0; i < items.Length; i++)
        {
            items[i] = T.Create();
            items[i].Read(ref this, version);
        }

        return items;
    }

    /// <summary>Reads a struct behind the byte that says whether it is there; null if that is negative, as in Kafka.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="version">The version of the message.</param>
    public T? ReadNullableStruct<T>(short version)
        where T : class, IKafkaStruct<T> => ReadInt8() < 0 ? null : ReadStruct<T>(version);

    /// <summary>Reads a struct.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="version">The version of the message.</param>
    public T ReadStruct<T>(short version)
        where T : class, IKafkaStruct<T>
    {
        Charge(T.ObjectBytes);
        var item = T.Create();
        item.Read(ref this, version);
        return item;
    }

    /// <summary>Reads an array of strings.</summary>
    public string[] ReadStringArray(bool compact) => ReadNullableStringArray(compact) ?? FailNull<string[]>();

    /// <summary>Reads an array of strings; null where the field is.</summary>
    public string[]? ReadNullableStringArray(bool compact)
    {
        var items = NewArray<string>(compact, compact ? 1 : 2, objectBytes: 0);
        for (var i = 0; i < items?.Length; i++)
        {
            items[i] = ReadString(compact);
        }

        return items;
    }

    /// <summary>Reads an array of bytes with a sign.</summary>
    public sbyte[] ReadInt8Array(bool compact)
    {
        var items = NewArray<sbyte>(compact, 1, objectBytes: 0) ?? FailNull<sbyte[]>();
        MemoryMarshal.Cast<byte, sbyte>(Take(items.Length)).CopyTo(items);
        return items;
    }

    /// <summary>Reads an array of two-byte integers.</summary>
    public short[] ReadInt16Array(bool compact)
    {
        var items = NewArray<short>(compact, 2, objectBytes: 0) ?? FailNull<short[]>();
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, short>(Take(2 * items.Length)), items);
        return items;
    }

    /// <summary>Reads an array of four-byte integers.</summary>
    public int[] ReadInt32Array(bool compact) => ReadNullableInt32Array(compact) ?? FailNull<int[]>();

    /// <summary>Reads an array of four-byte integers; null where the field is.</summary>
    public int[]? ReadNullableInt32Array(bool compact)
    {
        if (NewArray<int>(compact, 4, objectBytes: 0) is not { } items)
        {
            return null;
        }

        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, int>(Take(4 * items.Length)), items);
        return items;
    }

    /// <summary>Reads an array of eight-byte integers.</summary>
    public long[] ReadInt64Array(bool compact)
    {
        var items = NewArray<long>(compact, 8, objectBytes: 0) ?? FailNull<long[]>();
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, long>(Take(8 * items.Length)), items);
        return items;
    }

    /// <summary>Reads an array of ids.</summary>
    public Guid[] ReadUuidArray(bool compact)
    {
        var items = NewArray<Guid>(compact, 16, objectBytes: 0) ?? FailNull<Guid[]>();
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = ReadUuid();
        }

        return items;
    }

    /// <summary>Reads the head of a struct's tagged fields.</summary>
    public TagSection ReadTags()
    {
        var count = ReadVarint();
        if (count > KafkaLimits.TaggedFields || count > Remaining / 2)
        {
            Fail(MalformedReason.Length);
        }

        return new TagSection((int)count);
    }

    /// <summary>
    /// Goes on to the next tagged field of a section. The caller reads the field whole or calls <see cref="SkipTag"/>.
    /// </summary>
    /// <param name="section">The section, which then says the tag.</param>
    /// <returns>Whether there is one.</returns>
    public bool NextTag(ref TagSection section)
    {
        if (section.Tag >= 0 && _position != section.End)
        {
            Fail(MalformedReason.TagSize);
        }

        if (section.Left == 0)
        {
            return false;
        }

        var (tag, size) = (ReadVarint(), ReadVarint());
        if (tag > int.MaxValue || (int)tag <= section.Tag)
        {
            Fail(MalformedReason.TagOrder);
        }

        if (size > Remaining)
        {
            Fail(MalformedReason.Length);
        }

        section = new TagSection(section.Left - 1, (int)tag, _position + (int)size);
        return true;
    }

    /// <summary>Skips a tagged field that the version does not know.</summary>
    public void SkipTag(in TagSection section) => _position = section.End;

    /// <summary>Skips the tagged fields of a struct for which the version knows none.</summary>
    public void SkipTags()
    {
        for (var tags = ReadTags(); NextTag(ref tags);)
        {
            SkipTag(tags);
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        var start = _position;
        if ((uint)length > (uint)(_span.Length - start))
        {
            Fail(MalformedReason.Truncated);
        }

        _position = start + length;
        return _span.Slice(start, length);
    }

    private T[]? NewArray<T>(bool compact, int minimumSize, int objectBytes)
    {
        var count = compact ? CompactLength() : ReadInt32();
        if (count < 0)
        {
            return NullLength<T[]>(count);
        }

        if (count > KafkaLimits.ArrayElements || count > Remaining / minimumSize)
        {
            Fail(MalformedReason.Length);
        }

        if (count == 0)
        {
            return [];
        }

        Charge(ArrayOverhead + (count * ((long)Unsafe.SizeOf<T>() + objectBytes)));
        return new T[count];
    }

    /// <summary>The length of the compact form; −1 for null.</summary>
    private int CompactLength()
    {
        var lengthPlusOne = ReadVarint();
        if (lengthPlusOne > int.MaxValue)
        {
            Fail(MalformedReason.Length);
        }

        return (int)lengthPlusOne - 1;
    }

    private readonly T? NullLength<T>(int length)
        where T : class
    {
        if (length != -1)
        {
            Fail(MalformedReason.Length);
        }

        return null;
    }

    /// <summary>Takes the bytes of an object, which the runtime rounds up to words, from the budget.</summary>
    private void Charge(long bytes)
    {
        _budget -= (bytes + 7) & ~7;
        if (_budget < 0)
        {
            Fail(MalformedReason.Expansion);
        }
    }

    [DoesNotReturn]
    private readonly void Fail(MalformedReason reason) => throw new MalformedMessageException(reason, _position);

    [DoesNotReturn]
    private readonly T FailNull<T>() => throw new MalformedMessageException(MalformedReason.UnexpectedNull, _position);
}
