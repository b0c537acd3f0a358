using Loire.Coordination.Producers;
using Loire.Model;

namespace Loire.Coordination.Tests.Producers;

public sealed class ProducerIdBlocksTests
{
    [Fact]
    public void The_counter_has_these_bytes()
    {
        Assert.Equal("01000000000001E240", Convert.ToHexString(ProducerIdBlocks.Write(123_456).Span));
        Assert.True(ProducerIdBlocks.TryRead(Convert.FromHexString("01000000000001E240"), out var next));
        Assert.Equal(123_456, next);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("00000000000001E240", "no layout")]
    [InlineData("01000000000001E2", "too short")]
    [InlineData("01000000000001E24000", "too long")]
    [InlineData("01FFFFFFFFFFFFFFFF", "negative")]
    [InlineData("017FFFFFFFFFFFFFFF", "a block would pass the end of all numbers")]
    [InlineData("02000000000001E240", "of a later version")]
    public void Other_bytes_are_no_counter(string bytes, string why)
    {
        Assert.False(ProducerIdBlocks.TryRead(Convert.FromHexString(bytes), out _), why);
        Assert.Equal(why == "of a later version", ProducerIdBlocks.IsOfLaterVersion(Convert.FromHexString(bytes)));
    }

    [Fact]
    public void After_damage_ids_go_on_above_all_that_a_block_in_each_millisecond_since_1970_would_have_given()
    {
        var now = Timestamp.From(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var next = ProducerIdBlocks.After(now);
        Assert.True(next > now.Milliseconds * ProducerIdBlocks.Size);

        // As many again may be given until the next damage, a second later.
        Assert.True(ProducerIdBlocks.After(new Timestamp(now.Milliseconds + 1_000)) > next + (1_000 * ProducerIdBlocks.Size));
        Assert.InRange(next, 0, (1L << 53) - 1);
    }
}
