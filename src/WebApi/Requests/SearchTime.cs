using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.WebApi.Requests;

/// <summary>
/// A time from which a log is searched. A fraction of a millisecond counts up: no record of the millisecond that contains it is known to be
/// at or after it.
/// </summary>
internal readonly record struct SearchTime(Timestamp Timestamp)
{
    /// <summary>Parses what <see cref="Loire.Model.Timestamp"/> does.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SearchTime time)
    {
        var isTime = Timestamp.TryParse(text, out var timestamp);
        time = new SearchTime(isTime && HasFractionOfMillisecond(text!) ? new Timestamp(timestamp.Milliseconds + 1) : timestamp);
        return isTime;
    }

    /// <summary>What a value of a query must be, as the end of a sentence; null if it is a time.</summary>
    public static string? FindProblem(string text)
    {
        if (TryParse(text, out _))
        {
            return null;
        }

        // A plus sign that is not escaped arrives as a space.
        var isPlusLost = text.Length > 6 && text[^6] == ' ' && TryParse($"{text[..^6]}+{text[^5..]}", out _);
        return isPlusLost ? $"{Timestamp.Expected}; a plus sign in a query is sent as %2B" : Timestamp.Expected;
    }

    private static bool HasFractionOfMillisecond(string text)
    {
        var fraction = text.AsSpan(text.IndexOf('.') is >= 0 and var point ? point + 1 : text.Length);
        var end = fraction.IndexOfAnyExceptInRange('0', '9');
        fraction = end < 0 ? fraction : fraction[..end];
        return fraction.Length > 3 && fraction[3..].ContainsAnyExcept('0');
    }
}
