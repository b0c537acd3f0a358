namespace Loire.Model.Tests;

public class OffsetSpecTests
{
    [Fact]
    public void Text_forms_of_positions_are_parsed_and_written_back()
    {
        foreach (var spec in new[] { OffsetSpec.Latest, OffsetSpec.Earliest, OffsetSpec.None, OffsetSpec.At(0), OffsetSpec.At(long.MaxValue) })
        {
            Assert.True(OffsetSpec.TryParse(spec.ToString(), out var parsed));
            Assert.Equal(spec, parsed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Latest")]
    [InlineData(" 5")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("99999999999999999999")]
    [InlineData("timestamp 5")]
    public void Other_texts_are_not_positions(string text) => Assert.False(OffsetSpec.TryParse(text, out _));

    [Fact]
    public void The_default_is_latest_as_in_Kafka() => Assert.Equal(OffsetSpec.Latest, default);

    [Fact]
    public void Offsets_are_not_negative_and_times_before_1970_count_as_1970()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => OffsetSpec.At(-1));
        Assert.Equal(OffsetSpec.AtTime(new Timestamp(0)), OffsetSpec.AtTime(DateTimeOffset.UnixEpoch.AddYears(-1)));
    }

    [Fact]
    public void Each_place_accepts_its_own_kinds()
    {
        OffsetSpec[] all = [OffsetSpec.Latest, OffsetSpec.Earliest, OffsetSpec.None, OffsetSpec.At(1), OffsetSpec.AtTime(new Timestamp(1)), OffsetSpec.Shift(-1)];
        Assert.Equal([true, true, true, false, false, false], all.Select(spec => spec.IsReset));
        Assert.Equal([true, true, false, true, true, false], all.Select(spec => spec.IsPosition));
    }
}
