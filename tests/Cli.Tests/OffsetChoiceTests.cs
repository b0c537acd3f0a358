using Loire.Cli.Consume;
using Loire.Cli.Failures;
using Loire.Model;

namespace Loire.Cli.Tests;

public class OffsetChoiceTests
{
    [Fact]
    public void Every_word_of_kcat_but_stored_says_where_to_begin()
    {
        Assert.Equal(OffsetChoice.Beginning, Parse("beginning"));
        Assert.Equal(OffsetChoice.End, Parse("end"));
        Assert.Equal((StartKind.Offset, 15L), (Parse("15").Kind, Parse("15").Number));
        Assert.Equal(OffsetChoice.Last(7), Parse("-7"));
        Assert.Equal((StartKind.Time, new Timestamp(5)), (Parse("s@5").Kind, Parse("s@5").Start));
        Assert.Equal(OffsetChoice.Beginning, OffsetChoice.Parse([], OffsetChoice.Beginning));
    }

    [Fact]
    public void Two_moments_are_a_span_and_an_end_alone_begins_at_the_beginning()
    {
        Assert.Equal((new Timestamp(5), new Timestamp(9)), (Parse("s@5", "e@9").Start, Parse("e@9", "s@5").Stop));
        Assert.Equal(StartKind.Beginning, OffsetChoice.Parse(["e@9"], OffsetChoice.End).Kind);
        Assert.Equal(new Timestamp(1769860800000), Parse("s@2026-01-31T12:00:00Z").Start);
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
