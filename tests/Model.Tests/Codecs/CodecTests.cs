using Loire.Model.Codecs;
using Loire.Model.Tests.Clients;
using Loire.Model.Tests.Golden;
using Xunit.Abstractions;

namespace Loire.Model.Tests.Codecs;

/// <summary>The codecs by themselves: what they make of data of every shape, and what others make of it.</summary>
public sealed class CodecTests(ITestOutputHelper output)
{
    private const int Bound = 4 << 20;

    public static TheoryData<CompressionType> All =>
        [.. Enum.GetValues<CompressionType>().Where(c => c != CompressionType.None && CompressionTypes.IsAvailable(c))];

    public static TheoryData<string> Lz4Frames => [.. Fixture.Lz4Frames];

    [Theory, MemberData(nameof(All))]
    public void Data_of_any_shape_is_read_back(CompressionType codec)
    {
        var random = RandomSeed.New(output);
        foreach (var data in Shapes(random).Where(d => d.Length > 0))
        {
            var encoded = Codec.Encode(codec, data);
            Assert.Equal(ErrorCode.None, Codec.TryDecode(codec, encoded, Bound, out var decoded));
            Assert.Equal(data, decoded);
            Assert.Equal(ErrorCode.None, Codec.TryDecode(codec, encoded, data.Length, out _));
            if (data.Length > 1)
            {
                Assert.Equal(ErrorCode.MessageTooLarge, Codec.TryDecode(codec, encoded, data.Length - 1, out _));
            }
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Streams_one_after_the_other_decode_to_their_contents_in_a_row(CompressionType codec)
    {
        byte[] first = [.. Enumerable.Repeat("one after the other "u8.ToArray(), 100).SelectMany(b => b)];
        byte[] second = [.. Enumerable.Repeat("and again, "u8.ToArray(), 100).SelectMany(b => b)];
        byte[] encoded = [.. Codec.Encode(codec, first), .. Codec.Encode(codec, second)];
        Assert.Equal(ErrorCode.None, Codec.TryDecode(codec, encoded, Bound, out var decoded));
        Assert.Equal([.. first, .. second], decoded);
    }

    [Theory, MemberData(nameof(All))]
    public void Repetitive_data_shrinks_and_noise_hardly_grows(CompressionType codec)
    {
        var noise = new byte[100_000];
        RandomSeed.New(output).NextBytes(noise);
        Assert.InRange(Codec.Encode(codec, noise).Length, 90_000, 100_200);
        Assert.InRange(Codec.Encode(codec, new byte[100_000]).Length, 1, 6_000);
    }

    [Theory, MemberData(nameof(Lz4Frames))]
    public void Frames_of_the_reference_tool_are_read(string name)
    {
        var expected = Fixture.Read("kafka-python-2.0.2/run-none.bin")[61..];
        var frame = Fixture.Read(name);
        Assert.Equal(ErrorCode.None, Codec.TryDecode(CompressionType.Lz4, frame, Bound, out var decoded));
        Assert.Equal(expected, decoded);
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Equal(ErrorCode.CorruptMessage, Codec.TryDecode(CompressionType.Lz4, frame.AsSpan(0, length), Bound, out _));
        }

        // A checksum tells each flipped bit, unless it makes a match copy the same bytes from elsewhere.
        for (var bit = 0; bit < frame.Length * 8; bit += bit < 20 * 8 ? 1 : 13)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            var error = Codec.TryDecode(CompressionType.Lz4, frame, Bound, out decoded);
            var hasChecksum = !name.EndsWith("content-size.bin", StringComparison.Ordinal);
            Assert.True(error == ErrorCode.CorruptMessage || !hasChecksum || decoded.AsSpan().SequenceEqual(expected), $"{bit}: {error}");
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData("", 0x02CC5D05)]
    [InlineData("a", 0x550D7456)]
    [InlineData("abc", 0x32D153FF)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2F)]
    public void Known_hashes_come_out(string text, uint hash) => Assert.Equal(hash, XxHash32.Compute(Samples.Bytes(text)));

    [NeedsFact(Needed.LibLz4)]
    public void Liblz4_reads_our_blocks_and_we_read_its()
    {
        var random = RandomSeed.New(output);
        foreach (var data in Shapes(random).Where(d => d.Length <= MatchFinder.MaxBlock))
        {
            var ours = new byte[Lz4Block.MaxEncoded(data.Length)];
            Array.Resize(ref ours, Lz4Block.Encode(data, ours));
            Assert.Equal(data, NativeCodecs.Lz4Decompress(ours, data.Length));

            var theirs = NativeCodecs.Lz4Compress(data);
            var decoded = new byte[data.Length];
            Assert.Equal(data.Length, Lz4Block.Decode(theirs, decoded, 0, 0));
            Assert.Equal(data, decoded);
        }
    }

    [NeedsFact(Needed.LibLz4)]
    public void Damaged_blocks_decode_like_liblz4_or_are_refused()
    {
        var random = RandomSeed.New(output);
        var block = NativeCodecs.Lz4Compress(Fixture.Read("kafka-python-2.0.2/run-none.bin").AsSpan(0, 8000).ToArray());
        var decoded = new byte[8000];
        var agreed = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var damaged = block.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            Array.Clear(decoded);
            var ours = Lz4Block.Decode(damaged, decoded, 0, 0);
            var theirs = NativeCodecs.Lz4Decompress(damaged, decoded.Length);

            // Each refuses a few blocks that the other reads: we an offset of 0, liblz4 a block whose end its encoder would not have
            // written so.
            if (ours >= 0 && theirs is not null)
            {
                Assert.Equal(theirs, decoded[..ours]);
                agreed++;
            }
        }

        Assert.InRange(agreed, 1000, 50_000);
    }

    [NeedsFact(Needed.LibSnappy)]
    public void Libsnappy_reads_our_blocks_and_we_read_its()
    {
        var random = RandomSeed.New(output);
        foreach (var data in Shapes(random))
        {
            var theirs = NativeCodecs.SnappyCompress(data);
            Assert.Equal(ErrorCode.None, Codec.TryDecode(CompressionType.Snappy, theirs, Bound, out var decoded));
            Assert.Equal(data, decoded);
            if (data.Length <= MatchFinder.MaxBlock)
            {
                var ours = new byte[SnappyBlock.MaxEncoded(data.Length)];
                Array.Resize(ref ours, SnappyBlock.Encode(data, ours));
                Assert.Equal(data, NativeCodecs.SnappyDecompress(ours));
            }
        }
    }

    [NeedsFact(Needed.LibSnappy)]
    public void Damaged_blocks_decode_like_libsnappy_or_are_refused_like_it()
    {
        var random = RandomSeed.New(output);
        var block = NativeCodecs.SnappyCompress(Fixture.Read("kafka-python-2.0.2/run-none.bin").AsSpan(0, 8000).ToArray());
        for (var i = 0; i < 50_000; i++)
        {
            var damaged = block.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                damaged[random.Next(2, damaged.Length)] = (byte)random.Next(256);
            }

            var error = Codec.TryDecode(CompressionType.Snappy, damaged, Bound, out var ours);
            var theirs = NativeCodecs.SnappyDecompress(damaged);
            Assert.Equal(theirs is null, error != ErrorCode.None);
            Assert.Equal(theirs ?? [], ours);
        }
    }

    /// <summary>Nothing, noise, runs, text, and mixtures, with lengths around each boundary that a format has.</summary>
    private static IEnumerable<byte[]> Shapes(Random random)
    {
        var text = Fixture.Read("kafka-python-2.0.2/run-none.bin");
        foreach (var length in new[]
        {
            0, 1, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 31, 59, 60, 61, 64, 65, 255, 256, 270, 271, 285, 4095, 4096,
            32767, 32768, 32769, 65535, 65536, 65537, 131072, 300_000,
        })
        {
            yield return new byte[length];
            var noise = new byte[length];
            random.NextBytes(noise);
            yield return noise;
            yield return [.. Enumerable.Range(0, length).Select(i => text[i % text.Length])];
            var mixed = new byte[length];
            for (var at = 0; at < length;)
            {
                var piece = mixed.AsSpan(at, Math.Min(length - at, 1 + random.Next(200)));
                if (at > 0 && random.Next(3) > 0)
                {
                    // Repetitions at each distance, also shorter than what is repeated.
                    var distance = 1 + random.Next(Math.Min(at, random.Next(2) == 0 ? 20 : 70_000));
                    for (var i = 0; i < piece.Length; i++)
                    {
                        piece[i] = mixed[at + i - distance];
                    }
                }
                else
                {
                    random.NextBytes(piece);
                }

                at += piece.Length;
            }

            yield return mixed;
        }
    }
}
