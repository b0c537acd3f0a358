using Loire.Cli.CommandLine;

namespace Loire.Cli.Tests;

public class KcatArgumentsTests
{
    [Theory]
    [InlineData("produce -K: t", "produce -K=: t", "the value follows at once")]
    [InlineData("produce -K : t", "produce -K=: t", "the value is the next word")]
    [InlineData("consume -o -10 t", "consume -o=-10 t", "a value may look like an option")]
    [InlineData("consume -o-10 t", "consume -o=-10 t", "also where it follows at once")]
    [InlineData("consume -eJ -ttopic", "consume -e -J -t=topic", "flags stand together")]
    [InlineData("consume -ec5 t", "consume -e -c=5 t", "and a value may follow them")]
    [InlineData("consume -f %k=%s t", "consume -f=%k=%s t", "a value may hold '='")]
    [InlineData("consume --exit -x t", "consume --exit -x t", "what is unknown is left to the parser")]
    [InlineData("consume -- -e", "consume -- -e", "nothing is an option after --")]
    [InlineData("consume t -K", "consume t -K", "a missing value is the parser's to report")]
    [InlineData("--server x consume -eq t", "--server x consume -e -q t", "options may come before the command")]
    [InlineData("consume t -D {}", "consume t -D {}", "an empty value is a word of its own")]
    [InlineData("produce t --key= -z none", "produce t --key {} -z=none", "also behind the equals sign")]
    [InlineData("topic alter t --config=", "topic alter t --config {}", "in every command")]
    [InlineData("topic alter t --config=x=", "topic alter t --config=x=", "but not within a value")]
    [InlineData("topic list -o json", "topic list -o json", "other commands are not kcat's")]
    public void Short_options_are_parsed_like_getopt(string line, string expected, string reason) =>
        Assert.True(KcatArguments.Expand(Words(line)).SequenceEqual(Words(expected)), reason);

    private static string[] Words(string line) => Array.ConvertAll(line.Split(' '), word => word.Replace("{}", "", StringComparison.Ordinal));
}
