using CsCheck;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

public sealed class VarintTests
{
    // The bytes that Kafka's own tests expect.
    [Theory]
    [InlineData(0, "00")]
    [InlineData(-1, "01")]
    [InlineData(1, "02")]
    [InlineData(63, "7e")]
    [InlineData(-64, "7f")]
    [InlineData(64, "8001")]
    [InlineData(-65, "8101")]
    [InlineData(8191, "fe7f")]
    [InlineData(-8192, "ff7f")]
    [InlineData(8192, "808001")]
    [InlineData(-8193, "818001")]
    [InlineData(1048575, "feff7f")]
    [InlineData(1048576, "80808001")]
    [InlineData(int.MaxValue, "feffffff0f")]
    [InlineData(int.MinValue, "ffffffff0f")]
    [InlineData(long.MaxValue, "feffffffffffffffff01")]
    [InlineData(long.MinValue, "ffffffffffffffffff01")]
    public void Known_numbers_have_known_bytes(long value, string hex)
    {
        var bytes = new byte[10];
        var written = Varint.Write(bytes, value);
        Assert.Equal(hex, Convert.ToHexStringLower(bytes.AsSpan(0, written)));
        Assert.Equal(written, Varint.Size(value));

        ReadOnlySpan<byte> source = Convert.FromHexString(hex + "aa");
        Assert.True(Varint.TryRead(ref source, out long wide));
        Assert.Equal(value, wide);
        Assert.Equal(1, source.Length);

        source = Convert.FromHexString(hex);
        Assert.Equal(value is >= int.MinValue and <= int.MaxValue, Varint.TryRead(ref source, out int narrow));
        Assert.Equal((int)value, narrow);
    }

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("80", "the next byte is missing")]
    [InlineData("ffffffffff", "the next byte is missing")]
    [InlineData("8000", "two bytes for a 0")]
    [InlineData("feffff8000", "a byte more than needed")]
    [InlineData("ffffffffffffffffff02", "more than 64 bits")]
    [InlineData("ffffffffffffffffff7f", "more than 64 bits")]
    [InlineData("8080808080808080808001", "eleven bytes")]
    public void Other_bytes_are_no_number(string hex, string reason)
    {
        ReadOnlySpan<byte> source = Convert.FromHexString(hex);
        Assert.False(Varint.TryRead(ref source, out long _), reason);
        source = Convert.FromHexString(hex);
        Assert.False(Varint.TryRead(ref source, out int _), reason);
    }

    [Fact]
    public void Any_number_is_read_back() => Gen.Select(Gen.Long, Gen.Int[0, 63], (value, shift) => value >> shift).Sample(value =>
    {
        var bytes = new byte[10];
        ReadOnlySpan<byte> source = bytes.AsSpan(0, Varint.Write(bytes, value));
        return source.Length == Varint.Size(value) && Varint.TryRead(ref source, out long read) && read == value && source.IsEmpty;
    }, iter: 100_000);
}
