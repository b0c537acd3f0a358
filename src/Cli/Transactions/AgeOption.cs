using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;

namespace Loire.Cli.Transactions;

/// <summary>The option <c>--older-than</c>: an age such as <c>90s</c>, <c>15m</c>, <c>1h</c> or <c>2d</c>.</summary>
internal static class AgeOption
{
    public static Option<string?> Create(string description) => new("--older-than") { Description = description, HelpName = "AGE" };

    /// <summary>The age in milliseconds; null if none is given.</summary>
    public static long? MillisecondsOf(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is not { } text ? null
        : Moment.TryParseAgo($"-{text}", out var age) && age.TotalMilliseconds <= int.MaxValue ? (long)age.TotalMilliseconds
        : throw CliException.Usage("--older-than must be an age of at most 24 days, such as 90s, 15m, 1h or 2d.");
}
