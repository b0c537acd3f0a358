using System.Globalization;
using Loire.Model;

namespace Loire.WebApi.Requests;

/// <summary>Moments as clients write them: milliseconds since 1970 (Kafka's unit, and the one that answers use), or ISO 8601 with its offset from UTC.</summary>
internal static class MomentText
{
    public const string Expected = "must be milliseconds since 1970 or an ISO 8601 time with its offset, such as 2026-01-31T12:00:00Z";

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    public static bool TryParse(ReadOnlySpan<char> text, out Timestamp moment)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            moment = new Timestamp(milliseconds);
            return true;
        }

        // Without an offset the text would mean the server's own zone, which no client can know.
        var hasOffset = text.Length > 0 && (text[^1] == 'Z' || (text.Length > 6 && text[^6] is '+' or '-'));
        if (hasOffset && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            && time.ToUnixTimeMilliseconds() >= 0)
        {
            moment = Timestamp.From(time);
            return true;
        }

        moment = Timestamp.None;
        return false;
    }
}
