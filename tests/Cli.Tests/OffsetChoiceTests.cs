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
        Assert.Equal(OffsetChoice.Beginning, OffsetChoice.Parse([], OffsetChoice.Beginning));
    }

    [Fact]
    public void Two_times_are_a_span_and_an_end_alone_starts_at_the_beginning()
    {
        Assert.Equal((OffsetSpec.AtTime(new Timestamp(5)), new Timestamp(9)), (Parse("s@5", "e@9").From, Parse("e@9", "s@5").Stop));
        Assert.Equal(OffsetSpec.Earliest, OffsetChoice.Parse(["e@9"], OffsetChoice.End).From);
        Assert.Equal(OffsetSpec.AtTime(new Timestamp(1769860800000)), Parse("s@2026-01-31T12:00:00Z").From);
    }

    [Theory]
    [InlineData("stored")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("--5")]
    [InlineData("s@yesterday")]
    [InlineData("99999999999999999999")]
    [InlineData("5 6")]
    [InlineData("e@5 e@6")]
    public void Anything_else_is_a_wrong_command_line(string words) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => Parse(words.Split(' '))).Exit);

    private static OffsetChoice Parse(params string[] words) => OffsetChoice.Parse(words, OffsetChoice.Beginning);
}
