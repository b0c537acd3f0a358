using CsCheck;
using Loire.Model.Batches;
using Loire.Model.Tests.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Compression;

/// <summary>What the codecs make of data of any shape.</summary>
public sealed class CodecTests
{
    private const int Bound = 4 << 20;

    public static TheoryData<CompressionType> All => [.. Enum.GetValues<CompressionType>().Where(c => c != CompressionType.None)];

    public static TheoryData<string> Lz4Frames => [.. Fixture.Lz4Frames];

    [Theory, MemberData(nameof(All))]
    public void Data_of_any_shape_is_read_back_within_its_size(CompressionType compression) => GenData.Any.Sample(data =>
    {
        var payload = Payload.Compress(compression, data);
        Assert.Equal(ErrorCode.None, Payload.TryDecompress(compression, payload, Bound, out var decompressed));
        Assert.Equal(data, decompressed);
        Assert.Equal(ErrorCode.None, Payload.TryDecompress(compression, payload, data.Length, out _));
        if (data.Length > 1)
        {
            Assert.Equal(ErrorCode.MessageTooLarge, Payload.TryDecompress(compression, payload, data.Length - 1, out _));
        }
    }, iter: 300);

    [Theory, MemberData(nameof(All))]
    public void Streams_in_a_row_decompress_to_their_contents_in_a_row(CompressionType compression) =>
        Gen.Select(GenData.Any, GenData.Any).Sample((first, second) =>
        {
            byte[] payload = [.. Payload.Compress(compression, first), .. Payload.Compress(compression, second)];
            Assert.Equal(ErrorCode.None, Payload.TryDecompress(compression, payload, Bound, out var decompressed));
            Assert.Equal([.. first, .. second], decompressed);
        });

    [Theory, MemberData(nameof(All))]
    public void Repetitive_data_shrinks_and_noise_hardly_grows(CompressionType compression)
    {
        var noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        Assert.InRange(Payload.Compress(compression, noise).Length, 90_000, 100_200);
        Assert.InRange(Payload.Compress(compression, new byte[100_000]).Length, 1, 6_000);
    }

    [Theory, MemberData(nameof(All))]
    public void A_payload_cut_at_any_byte_is_refused(CompressionType compression)
    {
        // 6,000 bytes of text, of noise and of zeros, which gzip stores, codes and repeats; one block of Snappy.
        var data = new byte[18_000];
        Fixture.Read("kafka-python-2.0.2/run-none.bin").AsSpan(0, 6_000).CopyTo(data);
        new Random(1).NextBytes(data.AsSpan(6_000, 6_000));
        var payload = Payload.Compress(compression, data);
        for (var length = 0; length < payload.Length; length++)
        {
            var error = Payload.TryDecompress(compression, payload.AsSpan(0, length), Bound, out var decompressed);

            // After its header, a framed Snappy stream of no blocks is complete.
            Assert.True(error == ErrorCode.CorruptMessage || (compression == CompressionType.Snappy && length == 16), $"{length}: {error}");
            Assert.Empty(decompressed);
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Many_threads_at_once_get_their_own_data(CompressionType compression) =>
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var random = new Random(i);
            var data = new byte[random.Next(1, 200_000)];
            random.NextBytes(data.AsSpan(0, data.Length / 2));
            var payload = Payload.Compress(compression, data);
            Assert.Equal(ErrorCode.None, Payload.TryDecompress(compression, payload, Bound, out var decompressed));
            Assert.Equal(data, decompressed);
            Payload.TryDecompress(compression, payload.AsSpan(0, payload.Length / 2), Bound, out _);
        });

    [Theory, MemberData(nameof(All))]
    public void Decompressing_allocates_nothing_of_the_size_of_the_output(CompressionType compression)
    {
        var data = new byte[1 << 20];
        new Random(1).NextBytes(data.AsSpan(0, data.Length / 8));
        var bytes = HostileBatch.Of(Payload.Compress(compression, data), compression);
        using var decompressor = new BatchDecompressor();
        var least = long.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            RecordBatch.TryRead(bytes, out var batch);
            Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out _));
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(least, 0, 20_000);
    }

    [Theory, MemberData(nameof(Lz4Frames))]
    public void Frames_of_the_reference_tool_are_read(string name)
    {
        var expected = Fixture.Read("kafka-python-2.0.2/run-none.bin")[61..];
        var frame = Fixture.Read(name);
        Assert.Equal(ErrorCode.None, Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out var data));
        Assert.Equal(expected, data);
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Equal(ErrorCode.CorruptMessage, Payload.TryDecompress(CompressionType.Lz4, frame.AsSpan(0, length), Bound, out _));
        }

        // A checksum detects each flipped bit, unless it makes a match copy the same bytes from elsewhere.
        for (var bit = 0; bit < frame.Length * 8; bit += bit < 20 * 8 ? 1 : 13)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            var error = Payload.TryDecompress(CompressionType.Lz4, frame, Bound, out data);
            var hasChecksum = !name.EndsWith("content-size.bin", StringComparison.Ordinal);
            Assert.True(error == ErrorCode.CorruptMessage || !hasChecksum || data.AsSpan().SequenceEqual(expected), $"{bit}: {error}");
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }
}
