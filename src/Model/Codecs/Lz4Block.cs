using System.Buffers.Binary;

namespace Loire.Model.Codecs;

/// <summary>
/// The LZ4 block format: sequences of a token (upper four bits: number of literals, lower four: length of the match less 4; 15 means that
/// more bytes follow, each added until one is below 255), literals, and a match's distance in two bytes. The last sequence has literals
/// only.
/// </summary>
internal static class Lz4Block
{
    public const int Malformed = -1;
    public const int TooLarge = -2;

    // The largest block of the frame format. It also keeps sums of length bytes within an int.
    private const int MaxBlock = 4 * 1024 * 1024;

    private const int MinMatch = 4;
    private const int LongCount = 15;

    /// <summary>
    /// The most that a block of <paramref name="length"/> bytes can decode to: a byte of a length stands for 255 bytes of output.
    /// </summary>
    public static long MaxDecoded(int length) => 255L * length;

    /// <summary>The most that <paramref name="length"/> bytes can encode to.</summary>
    public static int MaxEncoded(int length) => length + (length / 255) + 16;

    /// <summary>
    /// Decodes a block behind earlier output.
    /// </summary>
    /// <param name="source">The whole block.</param>
    /// <param name="buffer">The output; matches may reach back to <paramref name="history"/>.</param>
    /// <param name="history">The first byte that a match may copy.</param>
    /// <param name="start">Where to write.</param>
    /// <returns>How many bytes were written, or <see cref="Malformed"/>, or <see cref="TooLarge"/> if the buffer ends first.</returns>
    public static int Decode(ReadOnlySpan<byte> source, Span<byte> buffer, int history, int start)
    {
        Invariant.Check(source.Length <= MaxBlock);
        var read = 0;
        var written = start;
        while (read < source.Length)
        {
            int token = source[read++];
            var literals = token >> 4;
            if (literals == LongCount && !TryReadCount(source, ref read, ref literals))
            {
                return Malformed;
            }

            if (literals > source.Length - read)
            {
                return Malformed;
            }

            if (literals > buffer.Length - written)
            {
                return TooLarge;
            }

            if (literals <= 16 && source.Length - read >= 16 && buffer.Length - written >= 16)
            {
                source.Slice(read, 16).CopyTo(buffer.Slice(written, 16));
            }
            else
            {
                source.Slice(read, literals).CopyTo(buffer[written..]);
            }

            read += literals;
            written += literals;
            if (read == source.Length)
            {
                return written - start;
            }

            if (source.Length - read < 2)
            {
                return Malformed;
            }

            int offset = BinaryPrimitives.ReadUInt16LittleEndian(source[read..]);
            read += 2;
            var length = token & LongCount;
            if (length == LongCount && !TryReadCount(source, ref read, ref length))
            {
                return Malformed;
            }

            length += MinMatch;
            if (offset == 0 || offset > written - history)
            {
                return Malformed;
            }

            if (length > buffer.Length - written)
            {
                return TooLarge;
            }

            MatchCopy.Repeat(buffer, written, offset, length);
            written += length;
        }

        // An empty block, or one that ends in a match, lacks its last literals.
        return Malformed;
    }

    /// <summary>Encodes a block of at most <see cref="MatchFinder.MaxBlock"/> bytes; there is room for <see cref="MaxEncoded"/>.</summary>
    /// <returns>How many bytes were written.</returns>
    public static int Encode(ReadOnlySpan<byte> block, Span<byte> destination)
    {
        Span<ushort> table = stackalloc ushort[MatchFinder.TableSize];
        table.Clear();
        var finder = new MatchFinder(block, table);
        var written = 0;
        while (finder.MoveNext())
        {
            var literals = block[finder.Anchor..finder.MatchStart];
            var length = finder.MatchLength - MinMatch;
            destination[written++] = (byte)((Math.Min(literals.Length, LongCount) << 4) | Math.Min(length, LongCount));
            written += WriteLiterals(literals, destination[written..]);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[written..], (ushort)finder.MatchOffset);
            written += 2;
            written += WriteCount(length, destination[written..]);
        }

        var last = block[finder.Anchor..];
        destination[written++] = (byte)(Math.Min(last.Length, LongCount) << 4);
        return written + WriteLiterals(last, destination[written..]);
    }

    private static bool TryReadCount(ReadOnlySpan<byte> source, ref int read, ref int count)
    {
        while (read < source.Length)
        {
            var more = source[read++];
            count += more;
            if (more < 255)
            {
                return true;
            }
        }

        return false;
    }

    private static int WriteLiterals(ReadOnlySpan<byte> literals, Span<byte> destination)
    {
        var written = WriteCount(literals.Length, destination);
        literals.CopyTo(destination[written..]);
        return written + literals.Length;
    }

    private static int WriteCount(int count, Span<byte> destination)
    {
        if (count < LongCount)
        {
            return 0;
        }

        var written = 0;
        for (count -= LongCount; count >= 255; count -= 255)
        {
            destination[written++] = 255;
        }

        destination[written++] = (byte)count;
        return written;
    }
}
