using System.Globalization;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Model;

namespace Loire.Cli.Consume;

/// <summary>Where to begin, in kcat's words.</summary>
internal enum StartKind
{
    Beginning,
    End,
    Offset,

    /// <summary>So many records before the end.</summary>
    BeforeEnd,

    Time,
}

/// <summary>
/// What <c>-o</c> says: <c>beginning</c>, <c>end</c>, an offset, <c>-N</c> for the last N, <c>s@TIME</c> and <c>e@TIME</c> for a span of
/// time.
/// </summary>
internal sealed record OffsetChoice(StartKind Kind, long Number, Timestamp Start, Timestamp Stop)
{
    public const string Words = "beginning|end|N|-N|s@TIME|e@TIME";

    public static readonly OffsetChoice End = new(StartKind.End, 0, Timestamp.None, Timestamp.None);
    public static readonly OffsetChoice Beginning = End with { Kind = StartKind.Beginning };

    public static OffsetChoice Last(long records) => End with { Kind = StartKind.BeforeEnd, Number = records };

    /// <summary>Reads one or, for a span of time, two values of <c>-o</c>.</summary>
    public static OffsetChoice Parse(string[] texts, OffsetChoice fallback)
    {
        OffsetChoice? start = null;
        var stop = Timestamp.None;
        foreach (var text in texts)
        {
            if (text.StartsWith("e@", StringComparison.Ordinal))
            {
                stop = stop == Timestamp.None ? Time(text) : throw Twice("ends");
            }
            else
            {
                start = start is null ? Parse(text) : throw Twice("begins");
            }
        }

        // A span that only has an end begins with the first record.
        start ??= stop == Timestamp.None ? fallback : Beginning;
        return start with { Stop = stop };
    }

    private static OffsetChoice Parse(string text) => text switch
    {
        "beginning" or "earliest" => Beginning,
        "end" or "latest" => End,
        "stored" => throw CliException.Usage("Offsets are stored for groups.", $"-g GROUP goes on where it is; -o takes {Words}."),
        _ when text.StartsWith("s@", StringComparison.Ordinal) => End with { Kind = StartKind.Time, Start = Time(text) },
        _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) =>
            End with { Kind = StartKind.Offset, Number = offset },
        _ when text.StartsWith('-') && long.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var last) =>
            Last(last),
        _ => throw CliException.Usage($"'{text}' is no place to begin.", $"-o takes {Words}."),
    };

    private static Timestamp Time(string text) =>
        Moment.TryParse(text[2..], out var moment) ? moment : throw CliException.Usage($"The time in '{text}' {Moment.Expected}.");

    private static CliException Twice(string verb) => CliException.Usage($"-o says twice where reading {verb}.");
}
