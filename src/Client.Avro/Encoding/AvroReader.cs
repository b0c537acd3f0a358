using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Loire.Client.Avro;

/// <summary>
/// Reads Avro's binary encoding. Nothing in the bytes is believed: no length or count beyond what is left, so that memory stays in
/// proportion to the data; no number longer than its type; items that take no bytes and nesting within limits.
/// </summary>
internal ref struct AvroReader
{
    private readonly int _maxDepth;
    private SequenceReader<byte> _bytes;
    private long _emptyItems;
    private int _depth;

    /// <param name="data">The bytes.</param>
    /// <param name="maxDepth">Records within records.</param>
    /// <param name="maxEmptyItems">Items of arrays that take no bytes at all, together.</param>
    public AvroReader(ReadOnlySequence<byte> data, int maxDepth, int maxEmptyItems)
    {
        _bytes = new SequenceReader<byte>(data);
        (_maxDepth, _emptyItems) = (maxDepth, maxEmptyItems);
    }

    /// <summary>Bytes that are left.</summary>
    public readonly long Remaining => _bytes.Remaining;

    private static Encoding Utf8 { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A reader of other bytes that counts on where this one stands.</summary>
    public readonly AvroReader Within(byte[] other) =>
        new(new ReadOnlySequence<byte>(other), _maxDepth, int.MaxValue) { _depth = _depth };

    public bool ReadBoolean() => ReadByte() switch
    {
        0 => false,
        1 => true,
        var other => throw Wrong($"a boolean is {other}"),
    };

    public int ReadInt()
    {
        var value = ReadLong();
        return value == (int)value ? (int)value : throw Wrong("an int has more than 32 bits");
    }

    public long ReadLong()
    {
        var value = 0UL;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var octet = ReadByte();
            value |= (ulong)(octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        // The tenth byte holds the last of the 64 bits.
        var last = ReadByte();
        value |= (ulong)last << 63;
        return last <= 1 ? (long)(value >> 1) ^ -(long)(value & 1) : throw Wrong("a number has more than 64 bits");
    }

    public float ReadFloat()
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        CopyTo(bytes);
        return BinaryPrimitives.ReadSingleLittleEndian(bytes);
    }

    public double ReadDouble()
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        CopyTo(bytes);
        return BinaryPrimitives.ReadDoubleLittleEndian(bytes);
    }

    public byte[] ReadBytes() => ReadRaw(ReadLength("bytes"));

    /// <summary>Bytes without a length.</summary>
    public byte[] ReadRaw(int size)
    {
        Check(size);
        var bytes = GC.AllocateUninitializedArray<byte>(size);
        CopyTo(bytes);
        return bytes;
    }

    public string ReadString()
    {
        var length = ReadLength("a text");
        try
        {
            if (_bytes.UnreadSpan.Length >= length)
            {
                var text = Utf8.GetString(_bytes.UnreadSpan[..length]);
                _bytes.Advance(length);
                return text;
            }

            return Utf8.GetString(ReadRaw(length));
        }
        catch (DecoderFallbackException exception)
        {
            throw new AvroDataException($"The text before byte {_bytes.Consumed + length} is not UTF-8.", exception);
        }
    }

    /// <summary>The number of a union's branch or an enum's symbol.</summary>
    public int ReadIndex(int count)
    {
        var index = ReadLong();
        return index >= 0 && index < count ? (int)index : throw Wrong($"there is no branch or symbol {index}, only {count}");
    }

    /// <summary>The head of a block: how many items it holds, 0 at the end, and where it ends if it says so, otherwise −1.</summary>
    /// <param name="mayBeEmpty">Whether an item may take no bytes.</param>
    /// <param name="end">Bytes that are left behind the block; −1 if it does not say.</param>
    public long ReadBlock(bool mayBeEmpty, out long end)
    {
        end = -1;
        var count = ReadLong();
        if (count < 0)
        {
            var size = ReadLong();
            if (count == long.MinValue || size < 0 || size > Remaining)
            {
                throw Wrong($"a block of {size} bytes does not fit into the {Remaining} that are left");
            }

            (count, end) = (-count, Remaining - size);
        }

        if (!mayBeEmpty && count > Remaining)
        {
            throw Wrong($"a block of {count} items does not fit into the {Remaining} bytes that are left");
        }

        if (mayBeEmpty && (_emptyItems -= Math.Min(count, int.MaxValue)) < 0)
        {
            throw Wrong("more items take no bytes than MaxEmptyItems allows");
        }

        return count;
    }

    /// <summary>Checks that a block ended where it said.</summary>
    public readonly void EndBlock(long end)
    {
        if (end >= 0 && end != Remaining)
        {
            throw Wrong("a block is not as long as it says");
        }
    }

    public void Skip(long count)
    {
        Check(count);
        _bytes.Advance(count);
    }

    /// <summary>Begins a record.</summary>
    public void Enter()
    {
        if (++_depth > _maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Wrong($"records are nested deeper than MaxDepth, {_maxDepth}");
        }
    }

    public void Leave() => _depth--;

    /// <summary>What is wrong with the data at this place.</summary>
    public readonly AvroDataException Wrong(string what) => new($"At byte {_bytes.Consumed} of the data, {what}.");

    public int ReadLength(string what)
    {
        var length = ReadLong();
        return length >= 0 && length <= Math.Min(Remaining, Array.MaxLength)
            ? (int)length
            : throw Wrong($"{what} of {length} bytes does not fit into the {Remaining} that are left");
    }

    private byte ReadByte() => _bytes.TryRead(out var value) ? value : throw Wrong("the data ends in the middle of a value");

    private void CopyTo(scoped Span<byte> destination)
    {
        Check(destination.Length);
        _bytes.TryCopyTo(destination);
        _bytes.Advance(destination.Length);
    }

    private readonly void Check(long size)
    {
        if (size > Remaining)
        {
            throw Wrong($"{size} bytes were expected, and {Remaining} are left");
        }
    }
}
