using System.Globalization;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Model;

namespace Loire.Cli.Consume.Reading;

/// <summary>
/// The value of <c>-o</c>: <c>beginning</c>, <c>end</c>, an offset, <c>-N</c> for the last N, <c>s@TIME</c> and <c>e@TIME</c> for a span of
/// time, and <c>-1h</c> for <c>s@-1h</c>.
/// </summary>
/// <param name="From">Where to start: latest, earliest, an offset or a time.</param>
/// <param name="BeforeEnd">With latest: how many offsets before the end to start; otherwise 0.</param>
/// <param name="Stop">The time to stop at; none to continue.</param>
internal sealed record OffsetChoice(OffsetSpec From, long BeforeEnd, Timestamp Stop)
{
    public const string Words = "beginning|end|N|-N|-1h|s@TIME|e@TIME";

    public static readonly OffsetChoice End = new(OffsetSpec.Latest, 0, Timestamp.None);
    public static readonly OffsetChoice Beginning = End with { From = OffsetSpec.Earliest };

    public static OffsetChoice Last(long records) => End with { BeforeEnd = records };

    /// <summary>Parses one or, for a span of time, two values of <c>-o</c>.</summary>
    public static OffsetChoice Parse(string[] texts, OffsetChoice fallback, TimeProvider time)
    {
        OffsetChoice? start = null;
        var stop = Timestamp.None;
        foreach (var text in texts)
        {
            if (text.StartsWith("e@", StringComparison.Ordinal))
            {
                stop = stop == Timestamp.None ? Time(text[2..], text, time) : throw Twice("ends");
            }
            else
            {
                start = start is null ? Parse(text, time) : throw Twice("begins");
            }
        }

        // A span that only has an end starts at the first record.
        start ??= stop == Timestamp.None ? fallback : Beginning;
        return start with { Stop = stop };
    }

    private static OffsetChoice Parse(string text, TimeProvider time) => text switch
    {
        "beginning" => Beginning,
        "end" => End,
        "stored" => throw CliException.Usage("Offsets are stored for groups.", $"-g GROUP goes on where it is; -o takes {Words}."),
        _ when text.StartsWith("s@", StringComparison.Ordinal) => End with { From = OffsetSpec.AtTime(Time(text[2..], text, time)) },
        _ when Moment.TryParseAgo(text, out _) => End with { From = OffsetSpec.AtTime(Time(text, text, time)) },
        _ when OffsetSpec.TryParse(text, out var spec) && spec.IsPosition => End with { From = spec },
        _ when text.StartsWith('-') && long.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var last) =>
            Last(last),
        _ => throw CliException.Usage($"'{text}' is no place to begin.", $"-o takes {Words}."),
    };

    private static Timestamp Time(string text, string whole, TimeProvider time) =>
        Moment.TryParse(text, time, out var moment) ? moment : throw CliException.Usage($"The time in '{whole}' {Moment.Expected}.");

    private static CliException Twice(string verb) => CliException.Usage($"-o says twice where reading {verb}.");
}
