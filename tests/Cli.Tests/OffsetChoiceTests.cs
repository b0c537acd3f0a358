using System.Globalization;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Model;

namespace Loire.Cli.Tests;

public class OffsetChoiceTests
{
    [Fact]
    public void Every_start_of_kcat_but_stored_is_accepted()
    {
        Assert.Equal(OffsetChoice.Beginning, Parse("beginning"));
        Assert.Equal(OffsetChoice.End, Parse("end"));
        Assert.Equal(OffsetSpec.At(15), Parse("15").From);
        Assert.Equal(OffsetChoice.Last(7), Parse("-7"));
        Assert.Equal(OffsetSpec.AtTime(new Timestamp(5)), Parse("s@5").From);
        Assert.Equal(OffsetChoice.Beginning, OffsetChoice.Parse([], OffsetChoice.Beginning, TimeProvider.System));
    }

    [Fact]
    public void Two_times_are_a_span_and_an_end_alone_starts_at_the_beginning()
    {
        Assert.Equal((OffsetSpec.AtTime(new Timestamp(5)), new Timestamp(9)), (Parse("s@5", "e@9").From, Parse("e@9", "s@5").Stop));
        Assert.Equal(OffsetSpec.Earliest, OffsetChoice.Parse(["e@9"], OffsetChoice.End, TimeProvider.System).From);
        Assert.Equal(OffsetSpec.AtTime(new Timestamp(1769860800000)), Parse("s@2026-01-31T12:00:00Z").From);
    }

    [Theory]
    [InlineData("stored")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("--5")]
    [InlineData("s@yesterday")]
    [InlineData("-1w")]
    [InlineData("s@-1")]
    [InlineData("s@2026-13-01")]
    [InlineData("99999999999999999999")]
    [InlineData("5 6")]
    [InlineData("e@5 e@6")]
    public void Anything_else_is_a_wrong_command_line(string words) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => Parse(words.Split(' '))).Exit);

    [Theory]
    [InlineData("-1h", 3_600)]
    [InlineData("-90s", 90)]
    [InlineData("-15m", 900)]
    [InlineData("-2d", 172_800)]
    public void A_time_ago_is_counted_from_now(string text, int seconds)
    {
        var from = OffsetSpec.AtTime(Timestamp.From(Clock.GetUtcNow().AddSeconds(-seconds)));
        Assert.Equal((from, from), (Parse(text).From, Parse($"s@{text}").From));
        Assert.Equal(Timestamp.From(Clock.GetUtcNow().AddSeconds(-seconds)), Parse("s@-3d", $"e@{text}").Stop);
    }

    [Theory]
    [InlineData("s@2026-11-28T10:00", "2026-11-28T08:00:00Z")]
    [InlineData("s@2026-11-28T10:00:30", "2026-11-28T08:00:30Z")]
    [InlineData("s@2026-11-28", "2026-11-27T22:00:00Z")]
    [InlineData("s@2026-11-28T10:00Z", "2026-11-28T10:00:00Z")]
    public void A_time_without_an_offset_is_local(string text, string expected) =>
        Assert.Equal(OffsetSpec.AtTime(Timestamp.From(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture))), Parse(text).From);

    private static readonly TimeProvider Clock = new ClockOfAthens();

    private sealed class ClockOfAthens : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("two", TimeSpan.FromHours(2), "two", "two");

        public override DateTimeOffset GetUtcNow() => new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    }

    private static OffsetChoice Parse(params string[] words) => OffsetChoice.Parse(words, OffsetChoice.Beginning, Clock);
}
