using System.Buffers.Binary;
using System.IO.Hashing;
using K4os.Compression.LZ4;

namespace Loire.Model.Compression;

/// <summary>
/// The LZ4 frame format, with blocks coded by K4os.Compression.LZ4:
/// <code>
/// magic 4 | FLG 1 | BD 1 | content size 8, optional | dictionary id 4, optional | header checksum 1
/// block*: size 4 (top bit: stored, not compressed) | bytes | block checksum 4, optional
/// end mark 4 (zeros) | content checksum 4, optional
/// </code>
/// Integers are little-endian, checksums are xxHash32. Reads concatenated frames with linked and independent blocks of all sizes, but no
/// dictionaries. Writes independent blocks of 64 KiB without checksums, like Kafka's Java client, which cannot read linked ones.
/// <para>
/// The frame is parsed here rather than by K4os.Compression.LZ4.Streams: that reader ignores reserved bits and the content size, allocates
/// what a header claims, and returns stale memory for a match of distance 0.
/// </para>
/// </summary>
internal static class Lz4
{
    private const uint Magic = 0x184D2204;
    private const uint StoredBit = 0x80000000;

    private const byte Version = 0b0100_0000;
    private const byte VersionMask = 0b1100_0000;
    private const byte Independent = 0b0010_0000;
    private const byte BlockChecksum = 0b0001_0000;
    private const byte ContentSize = 0b0000_1000;
    private const byte ContentChecksum = 0b0000_0100;
    private const byte UnsupportedFlags = 0b0000_0011;
    private const byte Block64K = 4 << 4;
    private const byte ReservedBlockBits = 0b1000_1111;

    private const int BlockSize = 64 * 1024;

    // The maximum distance of a match, rounded up.
    private const int Window = 64 * 1024;

    // A byte that continues a length encodes up to 255 bytes of output.
    private const int MaxExpansion = 255;

    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        ErrorCode error;
        do
        {
            error = DecodeFrame(ref source, output);
        }
        while (error == ErrorCode.None && !source.IsEmpty);
        return error;
    }

    public static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        output.Reserve(7);
        Span<byte> header = output.Free;
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = Version | Independent;
        header[5] = Block64K;
        header[6] = HeaderChecksum(header[4..6]);
        output.Advance(7);
        while (data.Length > 0)
        {
            var block = data[..Math.Min(data.Length, BlockSize)];
            data = data[block.Length..];
            output.Reserve(4 + block.Length);
            Span<byte> free = output.Free;

            // Negative if the block does not shrink.
            var size = LZ4Codec.Encode(block, free.Slice(4, block.Length - 1));
            var isStored = size <= 0;
            if (isStored)
            {
                block.CopyTo(free[4..]);
                size = block.Length;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(free, isStored ? (uint)size | StoredBit : (uint)size);
            output.Advance(4 + size);
        }

        output.Reserve(4);
        BinaryPrimitives.WriteUInt32LittleEndian(output.Free, 0);
        output.Advance(4);
    }

    /// <summary>An upper bound on the compressed size of <paramref name="length"/> bytes.</summary>
    public static int MaxEncoded(int length) => length + (4 * ((length / BlockSize) + 1)) + 11;

    private static ErrorCode DecodeFrame(ref ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (!TryReadHeader(ref source, out var flags, out var maxBlock, out var contentSize))
        {
            return ErrorCode.CorruptMessage;
        }

        var frameStart = output.Length;
        while (TryRead(ref source, out var word))
        {
            if (word == 0)
            {
                var content = output.Written[frameStart..];
                var isComplete = (contentSize < 0 || contentSize == content.Length)
                    && ((flags & ContentChecksum) == 0 || TryMatchChecksum(ref source, content));
                return isComplete ? ErrorCode.None : ErrorCode.CorruptMessage;
            }

            var isStored = (word & StoredBit) != 0;
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

            // A linked block may copy from earlier blocks, but never from before its frame.
            var history = (flags & Independent) != 0 ? 0 : Math.Min(Window, output.Length - frameStart);
            var error = isStored ? Store(block, output) : DecodeBlock(block, history, maxBlock, output);
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
        if (!TryRead(ref source, out var magic) || magic != Magic || source.Length < 3)
        {
            return false;
        }

        flags = source[0];
        var blockBits = source[1];
        var length = (flags & ContentSize) != 0 ? 10 : 2;
        if ((flags & (VersionMask | UnsupportedFlags)) != Version
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
        var allowed = (int)Math.Min(maxBlock, (long)MaxExpansion * block.Length);
        var room = Math.Min(allowed, output.Remaining);
        output.Reserve(room);
        var target = output.Free.AsSpan(0, room);

        // The library copies a match of distance 0 from the target itself, which is pooled memory with stale contents.
        target.Clear();
        var written = LZ4Codec.Decode(block, target, output.Written[^history..]);
        if (written < 0)
        {
            // The library does not distinguish malformed input from a target that is too small.
            return room < allowed ? ErrorCode.MessageTooLarge : ErrorCode.CorruptMessage;
        }

        output.Advance(written);
        return ErrorCode.None;
    }

    private static bool TryMatchChecksum(ref ReadOnlySpan<byte> source, ReadOnlySpan<byte> data) =>
        TryRead(ref source, out var checksum) && checksum == XxHash32.HashToUInt32(data);

    private static bool TryRead(ref ReadOnlySpan<byte> source, out uint word)
    {
        if (!BinaryPrimitives.TryReadUInt32LittleEndian(source, out word))
        {
            return false;
        }

        source = source[4..];
        return true;
    }

    private static byte HeaderChecksum(ReadOnlySpan<byte> descriptor) => (byte)(XxHash32.HashToUInt32(descriptor) >> 8);
}
