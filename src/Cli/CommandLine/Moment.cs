using System.Globalization;
using Loire.Model;

namespace Loire.Cli.CommandLine;

/// <summary>
/// A time on the command line: milliseconds since 1970, ISO 8601 with its offset, the same without one for the local time zone, or a time ago
/// such as <c>-90s</c>, <c>-15m</c>, <c>-1h</c> and <c>-2d</c>.
/// </summary>
internal static class Moment
{
    /// <summary>The rule, as the end of a sentence.</summary>
    public const string Expected =
        "must be milliseconds since 1970, an ISO 8601 time such as 2026-01-31T12:00:00Z or the local 2026-01-31T12:00, or a time ago such as -1h";

    private static readonly string[] LocalForms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd"];

    public static bool TryParse(string text, TimeProvider time, out Timestamp timestamp)
    {
        if (Timestamp.TryParse(text, out timestamp))
        {
            return true;
        }

        if (TryParseAgo(text, out var ago) && time.GetUtcNow() - DateTimeOffset.UnixEpoch >= ago)
        {
            timestamp = Timestamp.From(time.GetUtcNow() - ago);
            return true;
        }

        // A minute is enough for a person: 2026-01-31T12:00Z.
        if (text.EndsWith('Z') && TryParseLocal(text[..^1], TimeZoneInfo.Utc, out timestamp))
        {
            return true;
        }

        return TryParseLocal(text, time.LocalTimeZone, out timestamp);
    }

    /// <summary>Reads a time ago; hours, days and the like.</summary>
    public static bool TryParseAgo(string text, out TimeSpan ago)
    {
        ago = default;
        if (text.Length < 3 || text[0] != '-'
            || !long.TryParse(text.AsSpan(1, text.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > 1_000_000_000)
        {
            return false;
        }

        var unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400, _ => 0 };
        if (unit == 0)
        {
            return false;
        }

        ago = TimeSpan.FromSeconds(count * unit);
        return true;
    }

    private static bool TryParseLocal(string text, TimeZoneInfo zone, out Timestamp timestamp)
    {
        timestamp = Timestamp.None;
        if (!DateTime.TryParseExact(text, LocalForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) || zone.IsInvalidTime(local))
        {
            return false;
        }

        var moment = new DateTimeOffset(TimeZoneInfo.ConvertTimeToUtc(local, zone), TimeSpan.Zero);
        if (moment < DateTimeOffset.UnixEpoch)
        {
            return false;
        }

        timestamp = Timestamp.From(moment);
        return true;
    }
}
