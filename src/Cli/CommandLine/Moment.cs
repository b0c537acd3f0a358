using System.Globalization;
using Loire.Model;

namespace Loire.Cli.CommandLine;

/// <summary>Moments on the command line: milliseconds since 1970, or ISO 8601 with its offset from UTC.</summary>
internal static class Moment
{
    public const string Expected = "must be milliseconds since 1970 or an ISO 8601 time with its offset, such as 2026-01-31T12:00:00Z";

    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool TryParse(string text, out Timestamp moment)
    {
        moment = Timestamp.None;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            moment = new Timestamp(milliseconds);
        }
        else if ((text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-'))
            && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            && time.ToUnixTimeMilliseconds() >= 0)
        {
            moment = Timestamp.From(time);
        }

        return moment != Timestamp.None;
    }
}
