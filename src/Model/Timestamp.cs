using System.Globalization;

namespace Loire.Model;

/// <summary>A time in milliseconds since 1970-01-01T00:00:00Z, the unit of record timestamps.</summary>
/// <param name="Milliseconds">At least 0, or −1 for <see cref="None"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.Timestamp")]
public readonly record struct Timestamp([property: Id(0)] long Milliseconds) : IComparable<Timestamp>
{
    /// <summary>Marks the absence of a timestamp, as Kafka's −1 does.</summary>
    public static readonly Timestamp None = new(-1);

    /// <summary>The rule that <see cref="TryParse(string, out Timestamp)"/> checks, as the end of a sentence.</summary>
    public const string Expected = "must be milliseconds since 1970 or an ISO 8601 time with its offset, such as 2026-01-31T12:00:00Z";

    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>The millisecond that contains <paramref name="time"/>.</summary>
    public static Timestamp From(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());

    /// <summary>Parses milliseconds since 1970 (Kafka's unit), or an ISO 8601 time with its offset from UTC.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Timestamp timestamp)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            timestamp = new Timestamp(milliseconds);
            return true;
        }

        // Without an offset, the text would be interpreted in the parser's local time zone.
        var hasOffset = text.Length > 0 && (text[^1] == 'Z' || (text.Length > 6 && text[^6] is '+' or '-'));
        if (hasOffset && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            && time.ToUnixTimeMilliseconds() >= 0)
        {
            timestamp = From(time);
            return true;
        }

        timestamp = None;
        return false;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out Timestamp)"/>
    public static bool TryParse(string? text, out Timestamp timestamp) => TryParse(text.AsSpan(), out timestamp);

    /// <summary>Whether <paramref name="left"/> is earlier.</summary>
    public static bool operator <(Timestamp left, Timestamp right) => left.Milliseconds < right.Milliseconds;

    /// <summary>Whether <paramref name="left"/> is later.</summary>
    public static bool operator >(Timestamp left, Timestamp right) => left.Milliseconds > right.Milliseconds;

    /// <summary>Whether <paramref name="left"/> is not later.</summary>
    public static bool operator <=(Timestamp left, Timestamp right) => left.Milliseconds <= right.Milliseconds;

    /// <summary>Whether <paramref name="left"/> is not earlier.</summary>
    public static bool operator >=(Timestamp left, Timestamp right) => left.Milliseconds >= right.Milliseconds;

    /// <inheritdoc/>
    public int CompareTo(Timestamp other) => Milliseconds.CompareTo(other.Milliseconds);
}
