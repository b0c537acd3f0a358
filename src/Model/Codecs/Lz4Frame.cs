using System.Buffers.Binary;

namespace Loire.Model.Codecs;

/// <summary>
/// The LZ4 frame format, as Kafka uses it for batches of format 2:
/// <code>
/// magic 4 | FLG 1 | BD 1 | content size 8, optional | dictionary id 4, optional | header checksum 1
/// block*: size 4 (top bit: stored, not compressed) | bytes | block checksum 4, optional
/// end mark 4 (zeros) | content checksum 4, optional
/// </code>
/// Integers are little-endian, checksums are xxHash32. Reads everything that the format has except dictionaries: linked blocks, all block
/// sizes and checksums, several frames in a row, skippable frames. Writes independent blocks of 64 KiB without checksums, which is what
/// Kafka's Java client writes and all that it reads; the batch's own CRC covers the bytes.
/// </summary>
internal static class Lz4Frame
{
    private const uint Magic = 0x184D2204;
    private const uint SkippableMagic = 0x184D2A50;
    private const uint SkippableMask = 0xFFFFFFF0;
    private const uint StoredBit = 0x80000000;

    private const byte Version = 0b0100_0000;
    private const byte VersionMask = 0b1100_0000;
    private const byte Independent = 0b0010_0000;
    private const byte BlockChecksum = 0b0001_0000;
    private const byte ContentSize = 0b0000_1000;
    private const byte ContentChecksum = 0b0000_0100;
    private const byte ReservedFlag = 0b0000_0010;
    private const byte DictionaryId = 0b0000_0001;
    private const byte Block64K = 4 << 4;
    private const byte ReservedBlockBits = 0b1000_1111;

    // A match reaches back 65535 bytes at most.
    private const int Window = 1 << 16;

    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        while (source.Length >= 8)
        {
            var magic = BinaryPrimitives.ReadUInt32LittleEndian(source);
            var error = ErrorCode.CorruptMessage;
            if (magic == Magic)
            {
                source = source[4..];
                error = DecodeFrame(ref source, output);
            }
            else if ((magic & SkippableMask) == SkippableMagic)
            {
                var size = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
                source = source[8..];
                if (size <= source.Length)
                {
                    source = source[(int)size..];
                    error = ErrorCode.None;
                }
            }

            if (error != ErrorCode.None || source.IsEmpty)
            {
                return error;
            }
        }

        return ErrorCode.CorruptMessage;
    }

    public static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        output.Reserve(7);
        var header = output.Free;
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = Version | Independent;
        header[5] = Block64K;
        header[6] = HeaderChecksum(header[4..6]);
        output.Advance(7);
        while (data.Length > 0)
        {
            var block = data[..Math.Min(data.Length, MatchFinder.MaxBlock)];
            data = data[block.Length..];
            output.Reserve(4 + Lz4Block.MaxEncoded(block.Length));
            var to = output.Free;
            var size = Lz4Block.Encode(block, to[4..]);
            var stored = size >= block.Length;
            if (stored)
            {
                block.CopyTo(to[4..]);
                size = block.Length;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(to, stored ? (uint)size | StoredBit : (uint)size);
            output.Advance(4 + size);
        }

        output.Reserve(4);
        BinaryPrimitives.WriteUInt32LittleEndian(output.Free, 0);
        output.Advance(4);
    }

    /// <summary>The most that <paramref name="length"/> bytes can encode to.</summary>
    public static int MaxEncoded(int length) => Lz4Block.MaxEncoded(length) + (20 * ((length / MatchFinder.MaxBlock) + 1)) + 11;

    private static ErrorCode DecodeFrame(ref ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (!TryReadHeader(ref source, out var flags, out var maxBlock, out var contentSize))
        {
            return ErrorCode.CorruptMessage;
        }

        var frameStart = output.Length;
        while (source.Length >= 4)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(source);
            source = source[4..];
            if (word == 0)
            {
                return EndFrame(ref source, flags, contentSize, output.Written[frameStart..]);
            }

            var stored = (word & StoredBit) != 0;
            var size = word & ~StoredBit;
            if (size > maxBlock || size > source.Length)
            {
                return ErrorCode.CorruptMessage;
            }

            var block = source[..(int)size];
            source = source[(int)size..];
            if ((flags & BlockChecksum) != 0 && !TryMatchChecksum(ref source, block))
            {
                return ErrorCode.CorruptMessage;
            }

            // A linked block may copy from the blocks before it, but never from before its frame.
            var history = (flags & Independent) != 0 ? output.Length : Math.Max(frameStart, output.Length - Window);
            var error = stored ? Store(block, output) : DecodeBlock(block, history, maxBlock, output);
            if (error != ErrorCode.None)
            {
                return error;
            }
        }

        return ErrorCode.CorruptMessage;
    }

    private static bool TryReadHeader(ref ReadOnlySpan<byte> source, out byte flags, out int maxBlock, out long contentSize)
    {
        flags = 0;
        maxBlock = 0;
        contentSize = -1;
        if (source.Length < 3)
        {
            return false;
        }

        flags = source[0];
        var blockBits = source[1];
        var length = (flags & ContentSize) != 0 ? 10 : 2;
        if ((flags & VersionMask) != Version || (flags & (ReservedFlag | DictionaryId)) != 0
            || (blockBits & ReservedBlockBits) != 0 || blockBits < Block64K
            || source.Length <= length || source[length] != HeaderChecksum(source[..length]))
        {
            return false;
        }

        maxBlock = 1 << (8 + (2 * (blockBits >> 4)));
        contentSize = length == 10 ? BinaryPrimitives.ReadInt64LittleEndian(source[2..]) : -1;
        source = source[(length + 1)..];
        return length == 2 || contentSize >= 0;
    }

    private static ErrorCode Store(ReadOnlySpan<byte> block, BoundedBuffer output)
    {
        if (block.Length > output.Remaining)
        {
            return ErrorCode.MessageTooLarge;
        }

        output.Reserve(block.Length);
        block.CopyTo(output.Free);
        output.Advance(block.Length);
        return ErrorCode.None;
    }

    private static ErrorCode DecodeBlock(ReadOnlySpan<byte> block, int history, int maxBlock, BoundedBuffer output)
    {
        var allowed = (int)Math.Min(maxBlock, Lz4Block.MaxDecoded(block.Length));
        var room = Math.Min(allowed, output.Remaining);
        output.Reserve(room);
        var written = Lz4Block.Decode(block, output.Whole[..(output.Length + room)], history, output.Length);
        if (written < 0)
        {
            return written == Lz4Block.TooLarge && room < allowed ? ErrorCode.MessageTooLarge : ErrorCode.CorruptMessage;
        }

        output.Advance(written);
        return ErrorCode.None;
    }

    private static ErrorCode EndFrame(ref ReadOnlySpan<byte> source, byte flags, long contentSize, ReadOnlySpan<byte> content)
    {
        var fits = (contentSize < 0 || contentSize == content.Length)
            && ((flags & ContentChecksum) == 0 || TryMatchChecksum(ref source, content));
        return fits ? ErrorCode.None : ErrorCode.CorruptMessage;
    }

    private static bool TryMatchChecksum(ref ReadOnlySpan<byte> source, ReadOnlySpan<byte> data)
    {
        if (source.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(source) != XxHash32.Compute(data))
        {
            return false;
        }

        source = source[4..];
        return true;
    }

    private static byte HeaderChecksum(ReadOnlySpan<byte> descriptor) => (byte)(XxHash32.Compute(descriptor) >> 8);
}
