using System.Buffers;
using System.Buffers.Binary;

namespace Loire.Model.Compression;

/// <summary>
/// Snappy, coded by Snappier. Kafka's Java client uses snappy-java's framing (8 bytes magic, 4 version, 4 lowest compatible version, then
/// blocks of a big-endian length and raw Snappy); librdkafka writes one raw block without framing. Reads both, writes the framed form.
/// </summary>
internal static class Snappy
{
    // snappy-java's default, which every reader supports.
    private const int BlockSize = 32 * 1024;
    private const int HeaderSize = 16;

    // The maximum number of bytes that one byte of a block decodes to: a copy of 64 bytes takes 3.
    private const int MaxExpansion = 22;

    private static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        var input = ArrayPool<byte>.Shared.Rent(source.Length);
        try
        {
            source.CopyTo(input);
            var memory = input.AsMemory(0, source.Length);
            return source.StartsWith(Magic) ? DecodeFramed(memory, output) : DecodeBlock(memory, output);
        }
        catch (InvalidDataException)
        {
            // The library's only way to report malformed input.
            return ErrorCode.CorruptMessage;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    public static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        output.Reserve(HeaderSize);
        Span<byte> header = output.Free;
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], 1);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], 1);
        output.Advance(HeaderSize);
        while (data.Length > 0)
        {
            var block = data[..Math.Min(data.Length, BlockSize)];
            data = data[block.Length..];
            output.Reserve(4 + Snappier.Snappy.GetMaxCompressedLength(block.Length));
            Span<byte> free = output.Free;
            var size = Snappier.Snappy.Compress(block, free[4..]);
            BinaryPrimitives.WriteInt32BigEndian(free, size);
            output.Advance(4 + size);
        }
    }

    /// <summary>An upper bound on the compressed size of <paramref name="length"/> bytes.</summary>
    public static int MaxEncoded(int length) =>
        HeaderSize + (((length / BlockSize) + 1) * (4 + Snappier.Snappy.GetMaxCompressedLength(BlockSize)));

    private static ErrorCode DecodeFramed(ReadOnlyMemory<byte> source, BoundedBuffer output)
    {
        while (source.Length > 0)
        {
            var span = source.Span;
            if (span.StartsWith(Magic))
            {
                // At the start, and between concatenated streams, which snappy-java also reads.
                if (span.Length < HeaderSize || BinaryPrimitives.ReadInt32BigEndian(span[12..]) > 1)
                {
                    return ErrorCode.CorruptMessage;
                }

                source = source[HeaderSize..];
                continue;
            }

            if (!BinaryPrimitives.TryReadInt32BigEndian(span, out var size) || size < 0 || size > span.Length - 4)
            {
                return ErrorCode.CorruptMessage;
            }

            var error = DecodeBlock(source.Slice(4, size), output);
            if (error != ErrorCode.None)
            {
                return error;
            }

            source = source[(4 + size)..];
        }

        return ErrorCode.None;
    }

    private static ErrorCode DecodeBlock(ReadOnlyMemory<byte> block, BoundedBuffer output)
    {
        // The stated length is accepted only if the bytes can decode to that much. From 2^31 on it is negative.
        var length = Snappier.Snappy.GetUncompressedLength(block.Span);
        if (length < 0 || length > (long)MaxExpansion * block.Length)
        {
            return ErrorCode.CorruptMessage;
        }

        if (length > output.Remaining)
        {
            return ErrorCode.MessageTooLarge;
        }

        Snappier.Snappy.Decompress(new ReadOnlySequence<byte>(block), output);
        return ErrorCode.None;
    }
}
