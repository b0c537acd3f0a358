using System.Buffers.Binary;

namespace Loire.Model.Codecs;

/// <summary>
/// The raw Snappy format: the length of the output as a varint, then elements whose tag's lower two bits say what they are: 0 literals,
/// 1 a copy of 4 to 11 bytes with an 11-bit offset, 2 a copy of 1 to 64 bytes with a 16-bit offset, 3 the same with a 32-bit offset.
/// </summary>
internal static class SnappyBlock
{
    /// <summary>The most that <paramref name="length"/> bytes can encode to.</summary>
    public static int MaxEncoded(int length) => 32 + length + (length / 6);

    /// <summary>Decodes a block behind the output so far.</summary>
    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        // The stated length is a claim. It is believed only within what the bytes can make: 64 from 3, the best that an element does.
        if (!TryReadLength(ref source, out var length) || length > 22L * source.Length)
        {
            return ErrorCode.CorruptMessage;
        }

        if (length > output.Remaining)
        {
            return ErrorCode.MessageTooLarge;
        }

        output.Reserve((int)length);
        if (!TryDecode(source, output.Free[..(int)length]))
        {
            return ErrorCode.CorruptMessage;
        }

        output.Advance((int)length);
        return ErrorCode.None;
    }

    /// <summary>Encodes at most <see cref="MatchFinder.MaxBlock"/> bytes; there is room for <see cref="MaxEncoded"/>.</summary>
    /// <returns>How many bytes were written.</returns>
    public static int Encode(ReadOnlySpan<byte> block, Span<byte> destination)
    {
        Span<ushort> table = stackalloc ushort[MatchFinder.TableSize];
        table.Clear();
        var finder = new MatchFinder(block, table);
        var written = 0;
        var length = (uint)block.Length;
        for (; length >= 0x80; length >>= 7)
        {
            destination[written++] = (byte)(length | 0x80);
        }

        destination[written++] = (byte)length;
        while (finder.MoveNext())
        {
            written += WriteLiterals(block[finder.Anchor..finder.MatchStart], destination[written..]);
            written += WriteCopies(finder.MatchOffset, finder.MatchLength, destination[written..]);
        }

        return written + WriteLiterals(block[finder.Anchor..], destination[written..]);
    }

    private static bool TryReadLength(ref ReadOnlySpan<byte> source, out uint length)
    {
        length = 0;
        for (var i = 0; i < 5 && i < source.Length; i++)
        {
            var b = source[i];
            if (i == 4 && b > 0x0f)
            {
                return false;
            }

            length |= (uint)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                source = source[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    /// <summary>Fills <paramref name="buffer"/> exactly, or says that the elements do not.</summary>
    private static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> buffer)
    {
        var read = 0;
        var written = 0;
        while (read < source.Length)
        {
            int tag = source[read++];
            var extra = (tag & 3) switch
            {
                0 => Math.Max(0, (tag >> 2) - 59),
                3 => 4,
                var kind => kind,
            };
            if (extra > source.Length - read)
            {
                return false;
            }

            uint more = 0;
            for (var i = 0; i < extra; i++)
            {
                more |= (uint)source[read++] << (8 * i);
            }

            if ((tag & 3) == 0)
            {
                var literals = (extra == 0 ? (uint)tag >> 2 : more) + 1L;
                if (literals > source.Length - read || literals > buffer.Length - written)
                {
                    return false;
                }

                if (literals <= 16 && source.Length - read >= 16 && buffer.Length - written >= 16)
                {
                    source.Slice(read, 16).CopyTo(buffer.Slice(written, 16));
                }
                else
                {
                    source.Slice(read, (int)literals).CopyTo(buffer[written..]);
                }

                read += (int)literals;
                written += (int)literals;
                continue;
            }

            var length = (tag & 3) == 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
            var offset = (tag & 3) == 1 ? more | ((uint)(tag >> 5) << 8) : more;
            if (offset == 0 || offset > written || length > buffer.Length - written)
            {
                return false;
            }

            MatchCopy.Repeat(buffer, written, (int)offset, length);
            written += length;
        }

        return written == buffer.Length;
    }

    private static int WriteLiterals(ReadOnlySpan<byte> literals, Span<byte> destination)
    {
        if (literals.IsEmpty)
        {
            return 0;
        }

        var count = literals.Length - 1;
        var written = 1;
        if (count < 60)
        {
            destination[0] = (byte)(count << 2);
        }
        else if (count < 256)
        {
            destination[0] = 60 << 2;
            destination[written++] = (byte)count;
        }
        else
        {
            // A block has at most 64 KiB, so two bytes always suffice.
            destination[0] = 61 << 2;
            BinaryPrimitives.WriteUInt16LittleEndian(destination[1..], (ushort)count);
            written += 2;
        }

        literals.CopyTo(destination[written..]);
        return written + literals.Length;
    }

    private static int WriteCopies(int offset, int length, Span<byte> destination)
    {
        var written = 0;
        while (length > 0)
        {
            // A rest of 1 to 3 bytes would cost as much as one of 4, which has a shorter form.
            var count = length > 64 ? Math.Min(64, length - 4) : length;
            if (count is >= 4 and <= 11 && offset < 2048)
            {
                destination[written++] = (byte)(1 | ((count - 4) << 2) | ((offset >> 8) << 5));
                destination[written++] = (byte)offset;
            }
            else
            {
                destination[written++] = (byte)(2 | ((count - 1) << 2));
                BinaryPrimitives.WriteUInt16LittleEndian(destination[written..], (ushort)offset);
                written += 2;
            }

            length -= count;
        }

        return written;
    }
}
