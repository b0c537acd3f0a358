using System.Buffers.Binary;

namespace Loire.Model.Codecs;

/// <summary>
/// Snappy as Kafka's clients write it: the Java client frames its blocks like snappy-java (magic 8 bytes, version 4, lowest compatible
/// version 4, then blocks of a big-endian length and raw Snappy); librdkafka writes one raw block without framing. Reads both, writes the
/// framed form.
/// </summary>
internal static class Snappy
{
    // snappy-java's default, which every reader is used to.
    private const int BlockSize = 32 * 1024;
    private const int HeaderSize = 16;

    private static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (!source.StartsWith(Magic))
        {
            return SnappyBlock.Decode(source, output);
        }

        while (source.Length > 0)
        {
            if (source.StartsWith(Magic))
            {
                // snappy-java reads streams that were written one after the other.
                if (source.Length < HeaderSize || BinaryPrimitives.ReadInt32BigEndian(source[12..]) > 1)
                {
                    return ErrorCode.CorruptMessage;
                }

                source = source[HeaderSize..];
                continue;
            }

            if (source.Length < 4)
            {
                return ErrorCode.CorruptMessage;
            }

            var size = BinaryPrimitives.ReadInt32BigEndian(source);
            source = source[4..];
            if (size < 0 || size > source.Length)
            {
                return ErrorCode.CorruptMessage;
            }

            var error = SnappyBlock.Decode(source[..size], output);
            if (error != ErrorCode.None)
            {
                return error;
            }

            source = source[size..];
        }

        return ErrorCode.None;
    }

    public static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        output.Reserve(HeaderSize);
        Magic.CopyTo(output.Free);
        BinaryPrimitives.WriteInt32BigEndian(output.Free[8..], 1);
        BinaryPrimitives.WriteInt32BigEndian(output.Free[12..], 1);
        output.Advance(HeaderSize);
        while (data.Length > 0)
        {
            var block = data[..Math.Min(data.Length, BlockSize)];
            data = data[block.Length..];
            output.Reserve(4 + SnappyBlock.MaxEncoded(block.Length));
            var size = SnappyBlock.Encode(block, output.Free[4..]);
            BinaryPrimitives.WriteInt32BigEndian(output.Free, size);
            output.Advance(4 + size);
        }
    }

    /// <summary>The most that <paramref name="length"/> bytes can encode to.</summary>
    public static int MaxEncoded(int length) => HeaderSize + length + (length / 6) + (36 * ((length / BlockSize) + 1));
}
