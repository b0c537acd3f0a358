using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Loire.Model.Compression;

/// <summary>
/// gzip (RFC 1952) with any number of concatenated members, using the base class library. The library verifies each member's checksum but
/// reads a truncated stream as if it were complete, so the last member's trailer is compared with the end of the output.
/// </summary>
internal static class Gzip
{
    private const int TrailerSize = 8;
    private const int MinMember = 10 + TrailerSize;
    private const int Chunk = 64 * 1024;

    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (source.Length < MinMember)
        {
            return ErrorCode.CorruptMessage;
        }

        var input = ArrayPool<byte>.Shared.Rent(source.Length);
        try
        {
            source.CopyTo(input);
            using var stream = new GZipStream(new MemoryStream(input, 0, source.Length, writable: false), CompressionMode.Decompress);
            var start = output.Length;
            while (output.TryMakeRoom(Chunk))
            {
                var count = stream.Read(output.Free);
                if (count == 0)
                {
                    return EndsWithTrailer(source, output.Written[start..]) ? ErrorCode.None : ErrorCode.CorruptMessage;
                }

                output.Advance(count);
            }

            return ErrorCode.MessageTooLarge;
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
        output.Reserve(MaxEncoded(data.Length));
        var free = output.Free;
        using var sink = new MemoryStream(free.Array!, free.Offset, free.Count);
        using (var stream = new GZipStream(sink, CompressionLevel.Optimal, leaveOpen: true))
        {
            stream.Write(data);
        }

        output.Advance((int)sink.Position);
    }

    /// <summary>
    /// An upper bound on the compressed size of <paramref name="length"/> bytes: a fixed Huffman code takes at most 9 bits per byte.
    /// </summary>
    public static int MaxEncoded(int length) => length + (length / 8) + 1024;

    // A trailer is the CRC-32 and the length of a member's content. Eight zeros, the trailer of an empty member, may also be part of a
    // truncated one.
    private static bool EndsWithTrailer(ReadOnlySpan<byte> source, ReadOnlySpan<byte> content)
    {
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(source[^TrailerSize..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source[^4..]);
        return length <= content.Length && (length > 0 || content.IsEmpty) && Crc32.HashToUInt32(content[^(int)length..]) == crc;
    }
}
