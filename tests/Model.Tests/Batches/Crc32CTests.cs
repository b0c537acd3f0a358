using CsCheck;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

public sealed class Crc32CTests
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

    // Around the lengths where the three strands begin, too.
    [Fact]
    public void Every_length_and_alignment_agrees_with_the_definition_bit_by_bit() =>
        Gen.Select(
            Gen.Byte.Array[6160],
            Gen.Int[0, 7],
            Gen.OneOf<int>(Gen.Int[0, 100], Gen.Int[0, 6150], Gen.OneOf(1023, 1024, 1025, 3071, 3072, 3073, 3080, 6143, 6144, 6145)))
        .Sample((data, start, length) =>
            Crc32C.Compute(data.AsSpan(start, length)) == ByDefinition(data.AsSpan(start, length)), iter: 1_000);

    [Fact]
    public void Pieces_give_the_checksum_of_the_whole_one_after_the_other_or_combined() =>
        Gen.Select(Gen.Byte.Array[0, 10_000], Gen.Byte.Array[0, 10_000]).Sample((left, right) =>
        {
            var whole = Crc32C.Compute([.. left, .. right]);
            var (first, second) = (Crc32C.Compute(left), Crc32C.Compute(right));
            return Crc32C.Append(first, right) == whole && Crc32C.Combine(first, second, right.Length) == whole;
        }, iter: 1_000);

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
