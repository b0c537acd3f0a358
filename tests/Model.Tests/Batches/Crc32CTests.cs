using Loire.Model.Batches;
using Xunit.Abstractions;

namespace Loire.Model.Tests.Batches;

public sealed class Crc32CTests(ITestOutputHelper output)
{
    public static TheoryData<string, uint, byte[]> Known => new()
    {
        { "nothing", 0, [] },
        { "the check value of the catalogues", 0xE3069283, "123456789"u8.ToArray() },
        { "RFC 3720: zeros", 0x8A9136AA, new byte[32] },
        { "RFC 3720: ones", 0x62A8AB43, [.. Enumerable.Repeat((byte)0xff, 32)] },
        { "RFC 3720: upwards", 0x46DD794E, [.. Enumerable.Range(0, 32).Select(i => (byte)i)] },
        { "RFC 3720: downwards", 0x113FDB5C, [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))] },
    };

    [Theory, MemberData(nameof(Known))]
    public void Known_checksums_come_out(string name, uint crc, byte[] data) => Assert.True(crc == Crc32C.Compute(data), name);

    [Fact]
    public void Every_length_and_alignment_agrees_with_the_definition_bit_by_bit()
    {
        var data = new byte[7000];
        RandomSeed.New(output).NextBytes(data);
        for (var length = 0; length < data.Length - 8; length += length < 100 ? 1 : 61)
        {
            var slice = data.AsSpan(length % 8, length);
            Assert.Equal(ByDefinition(slice), Crc32C.Compute(slice));
        }

        // Around the lengths where the three strands begin.
        foreach (var length in new[] { 1023, 1024, 1025, 3071, 3072, 3073, 3080, 6143, 6144, 6145 })
        {
            Assert.Equal(ByDefinition(data.AsSpan(0, length)), Crc32C.Compute(data.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Pieces_give_the_checksum_of_the_whole_one_after_the_other_or_combined()
    {
        var random = RandomSeed.New(output);
        var data = new byte[20_000];
        random.NextBytes(data);
        var whole = Crc32C.Compute(data);
        for (var i = 0; i < 1000; i++)
        {
            var cut = random.Next(data.Length + 1);
            var first = Crc32C.Compute(data.AsSpan(0, cut));
            var second = Crc32C.Compute(data.AsSpan(cut));
            Assert.Equal(whole, Crc32C.Append(first, data.AsSpan(cut)));
            Assert.Equal(whole, Crc32C.Combine(first, second, data.Length - cut));
        }
    }

    [Fact]
    public void Combining_goes_beyond_what_fits_an_int()
    {
        // Three gigabytes of zeros, put together by doubling.
        uint zeros = Crc32C.Compute(new byte[1 << 20]), sum = 0;
        for (var i = 0; i < 3 << 10; i++)
        {
            sum = i == 0 ? zeros : Crc32C.Combine(sum, zeros, 1 << 20);
        }

        var first = Crc32C.Compute("123456789"u8);
        var oneByOne = first;
        var block = new byte[1 << 20];
        for (var i = 0; i < 3 << 10; i++)
        {
            oneByOne = Crc32C.Append(oneByOne, block);
        }

        Assert.Equal(oneByOne, Crc32C.Combine(first, sum, 3L << 30));
        Assert.Throws<ArgumentOutOfRangeException>(() => Crc32C.Combine(first, sum, -1));
    }

    private static uint ByDefinition(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        return ~crc;
    }
}
