using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Loire.Model.Compression;

namespace Loire.Model.Tests.Compression;

/// <summary>A few bytes that claim to be, or truly are, a great many: none makes a decoder take more memory than its bound.</summary>
public sealed class HostilePayloadTests
{
    private const int Bound = 1 << 20;
    private const int Content = 64 << 20;

    [Fact]
    public void A_gzip_bomb_stops_at_the_bound()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Optimal))
        {
            gzip.Write(new byte[Content]);
        }

        Refused(CompressionType.Gzip, bomb.ToArray(), maxBytes: 70_000);
    }

    [Fact]
    public void A_snappy_bomb_stops_at_the_bound() =>
        Refused(CompressionType.Snappy, Payload.Compress(CompressionType.Snappy, new byte[Content]), maxBytes: 4_000_000);

    [Fact]
    public void An_lz4_bomb_stops_at_the_bound() =>
        Refused(CompressionType.Lz4, Payload.Compress(CompressionType.Lz4, new byte[Content]), maxBytes: 300_000);

    [Fact]
    public void A_zstd_bomb_stops_at_the_bound() =>
        Refused(CompressionType.Zstd, Payload.Compress(CompressionType.Zstd, new byte[Content]), maxBytes: 10_000);

    [Theory]
    [InlineData("ff ff ff ff 0f 00 61", "length 2^32-1 of 2 bytes")]
    [InlineData("80 80 80 80 08 00 61", "length 2^31 of 2 bytes")]
    [InlineData("ff ff ff ff 07 00 61", "length 2^31-1 of 2 bytes")]
    [InlineData("80 80 80 04 00 61", "length 8 MiB of 2 bytes")]
    [InlineData("ff ff ff ff 1f 00 61", "length of more than 32 bits")]
    [InlineData("ff ff ff ff ff 00 61", "length without an end")]
    [InlineData("", "no length")]
    [InlineData("0a fe 04 00", "a copy before the start")]
    [InlineData("05 fc ff ff ff 7f 61", "2 GiB of literals")]
    [InlineData("05 fc ff ff ff ff 61", "4 GiB of literals")]
    [InlineData("05 00 61 03 ff ff ff ff", "a copy from 4 GiB before")]
    [InlineData("05 00 61 0f 00 00 00 00", "a copy of itself")]
    [InlineData("82 53 4e 41 50 50 59 00 00 00 00 01 00 00 00 01 7f ff ff ff 00", "a block of 2 GiB")]
    [InlineData("82 53 4e 41 50 50 59 00 00 00 00 01 00 00 00 01 ff ff ff ff 00", "a block of -1")]
    [InlineData("82 53 4e 41 50 50 59 00 00 00 00 01 00 00 00 01 00 00", "a block without its length")]
    [InlineData("82 53 4e 41 50 50 59 00 00 00 00 01 00 00", "half a header")]
    [InlineData("82 53 4e 41 50 50 59 00 00 00 00 02 00 00 00 02", "a version that nobody knows")]
    public void Snappy_that_lies_is_refused(string hex, string reason) => Lie(CompressionType.Snappy, hex, reason);

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("04 22 4d 18", "a magic number alone")]
    [InlineData("04 22 4d 18 60 40 81 00 00 00 00", "a wrong header checksum")]
    [InlineData("04 22 4d 18 60 40 82 00 00 00", "half an end mark")]
    [InlineData("04 22 4d 18 60 40 82 ff ff ff 7f 00", "a block of 2 GiB")]
    [InlineData("04 22 4d 18 60 40 82 ff ff ff ff 00", "a stored block of 2 GiB")]
    [InlineData("04 22 4d 18 60 40 82 02 00 00 00 00 00 00 00 00 00", "a match without an offset")]
    [InlineData("04 22 4d 18 60 40 82 04 00 00 00 10 61 00 00 00 00 00 00", "an offset of 0")]
    [InlineData("04 22 4d 18 60 40 82 05 00 00 00 10 61 02 00 00 00 00 00 00", "an offset before the start")]
    [InlineData("04 22 4d 18 60 40 82 01 00 00 00 10 00 00 00 00", "literals that are missing")]
    [InlineData("04 22 4d 18 60 40 82 05 00 00 00 ff ff ff ff ff 00 00 00 00", "a count without an end")]
    [InlineData("02 21 4c 18 00 00 00 00 00 00 00", "the format before frames")]
    [InlineData("50 2a 4d 18 ff ff ff ff 00 00 00", "4 GiB to skip")]
    [InlineData("04 22 4d 18 60 40 82 00 00 00 00 01 02 03", "bytes left over")]
    public void Lz4_that_lies_is_refused(string hex, string reason) => Lie(CompressionType.Lz4, hex, reason);

    [Theory]
    [InlineData(0xA0, 0x40, "version 2")]
    [InlineData(0x20, 0x40, "version 0")]
    [InlineData(0x62, 0x40, "an unused flag")]
    [InlineData(0x60, 0x30, "blocks smaller than 64 KiB")]
    [InlineData(0x60, 0xC0, "an unused bit beside the size of blocks")]
    [InlineData(0x60, 0x41, "another unused bit")]
    public void An_lz4_header_that_the_format_does_not_know_is_refused(byte flags, byte blocks, string reason)
    {
        byte[] frame = [4, 0x22, 0x4d, 0x18, flags, blocks, (byte)(XxHash32.HashToUInt32([flags, blocks]) >> 8), 0, 0, 0, 0];
        Assert.True(Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out _) == ErrorCode.CorruptMessage, reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(Bound + 1L)]
    [InlineData(-1)]
    [InlineData(1L << 31)]
    [InlineData(long.MaxValue)]
    public void An_lz4_content_size_that_is_not_so_is_refused(long size)
    {
        var frame = new byte[15 + 4 + 6 + 4];
        new byte[] { 4, 0x22, 0x4d, 0x18, 0x68, 0x40 }.CopyTo(frame, 0);
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(6), size);
        frame[14] = (byte)(XxHash32.HashToUInt32(frame.AsSpan(4, 10)) >> 8);
        new byte[] { 6, 0, 0, 0x80 }.CopyTo(frame, 15);
        Assert.Equal(ErrorCode.CorruptMessage, Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out _));
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(6), 6);
        frame[14] = (byte)(XxHash32.HashToUInt32(frame.AsSpan(4, 10)) >> 8);
        Assert.Equal(ErrorCode.None, Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out _));
    }

    [Fact]
    public void An_lz4_frame_that_needs_a_dictionary_is_refused()
    {
        byte[] frame = [4, 0x22, 0x4d, 0x18, 0x61, 0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        frame[10] = (byte)(XxHash32.HashToUInt32(frame.AsSpan(4, 6)) >> 8);
        Assert.Equal(ErrorCode.CorruptMessage, Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out _));
    }

    [Fact]
    public void An_lz4_match_of_distance_0_reveals_nothing_of_the_memory_it_is_decoded_into()
    {
        // 16 literals, a match of 219 bytes at distance 0, 35 literals.
        byte[] block = [0xff, 1, .. Enumerable.Repeat((byte)1, 16), 0, 0, 200, 0xf0, 20, .. Enumerable.Repeat((byte)1, 35)];
        byte[] frame = [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, (byte)block.Length, 0, 0, 0, .. block, 0, 0, 0, 0];
        using var output = new BoundedBuffer(Bound);
        output.Reserve(Bound);
        output.Free.AsSpan().Fill((byte)'S');
        Codec.Decode(CompressionType.Lz4, frame, output);
        Assert.False(output.Written.Contains((byte)'S'));
    }

    [Fact]
    public void An_lz4_block_larger_than_its_frame_allows_is_refused()
    {
        // 64 KiB and one byte of zeros: a literal, a match of 65532 + 4 bytes and no more literals.
        byte[] block = [0x1f, 0, 1, 0, .. Enumerable.Repeat((byte)255, 256), 255 - 15 - 1, 0];
        byte[] frame = [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, (byte)block.Length, (byte)(block.Length >> 8), 0, 0, .. block, 0, 0, 0, 0];
        Assert.Equal(ErrorCode.CorruptMessage, Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out _));
    }

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("28 b5 2f fd", "a magic number alone")]
    [InlineData("28 b5 2f fd 00 f8 01 00 00", "a window of 2^41 bytes")]
    [InlineData("28 b5 2f fd 00 a8 01 00 00", "a window of 2^31 bytes")]
    [InlineData("28 b5 2f fd 00 90 01 00 00", "a window of 2^28 bytes")]
    [InlineData("28 b5 2f fd e0 ff ff ff ff ff ff ff 7f 01 00 00", "content of 2^63 bytes")]
    [InlineData("28 b5 2f fd a0 00 00 00 80 01 00 00", "content of 2^31 bytes")]
    [InlineData("28 b5 2f fd 01 58 05 01 00 00", "a dictionary that nobody has")]
    [InlineData("28 b5 2f fd 08 58 01 00 00", "an unused bit")]
    [InlineData("28 b5 2f fd 20 05 01 00 00", "less content than stated")]
    [InlineData("28 b5 2f fd 00 58 07 00 00", "a block of the unused type")]
    [InlineData("50 2a 4d 18 ff ff ff ff", "4 GiB to skip")]
    [InlineData("01 02 03 04 05 06 07 08", "another format")]
    public void Zstd_that_lies_is_refused(string hex, string reason) => Lie(CompressionType.Zstd, hex, reason);

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("1f 8b 08 00 00 00 00 00 00 03", "a header alone")]
    [InlineData("1f 8b 07 00 00 00 00 00 00 03 03 00 00 00 00 00 00 00 00 00", "another method")]
    [InlineData("1f 8c 08 00 00 00 00 00 00 03 03 00 00 00 00 00 00 00 00 00", "another format")]
    [InlineData("1f 8b 08 00 00 00 00 00 00 03 07 00 00 00 00 00 00 00 00 00", "a block of the unused type")]
    [InlineData("1f 8b 08 00 00 00 00 00 00 03 4b 04 00 00 00 00 00 01 00 00 00", "a wrong checksum")]
    [InlineData("1f 8b 08 00 00 00 00 00 00 03 01 ff ff 00 00 00 00 00 00 00 00 00 00 00 00", "stored zeros, cut off")]
    public void Gzip_that_lies_is_refused(string hex, string reason) => Lie(CompressionType.Gzip, hex, reason);

    private static void Lie(CompressionType compression, string hex, string reason)
    {
        var payload = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(Payload.TryDecompress(compression, payload, 64 << 20, out _) == ErrorCode.CorruptMessage, reason);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, reason);
    }

    private static void Refused(CompressionType compression, byte[] bomb, int maxBytes)
    {
        Assert.InRange(bomb.Length, 1, maxBytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(ErrorCode.MessageTooLarge, Payload.TryDecompress(compression, bomb, Bound, out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (8 * Bound) + bomb.Length);
    }
}
