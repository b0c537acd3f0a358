using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Loire.Coordination.Topics;

/// <summary>Parses, validates and formats the values of a configuration.</summary>
/// <typeparam name="T">The type of a value.</typeparam>
/// <param name="parse">Parses a value; false if it is invalid.</param>
/// <param name="format">Formats a value in its canonical form.</param>
/// <param name="allowed">The allowed values, completing the sentence "it must be ...".</param>
public sealed class ConfigType<T>(ConfigType<T>.Parser parse, Func<T, string> format, string allowed)
{
    /// <summary>Parses a value; false if it is invalid or not allowed.</summary>
    public delegate bool Parser(string text, [MaybeNullWhen(false)] out T value);

    /// <summary>The allowed values, completing the sentence "it must be ...".</summary>
    public string Allowed { get; } = allowed;

    /// <summary>Parses a value; ignores surrounding white space, as Kafka does.</summary>
    public bool TryParse(string text, [MaybeNullWhen(false)] out T value) => parse(text.Trim(), out value);

    /// <summary>Formats a value in its canonical form.</summary>
    public string Format(T value) => format(value);
}

/// <summary>The types of topic configurations.</summary>
public static class ConfigTypes
{
    /// <summary>A whole number between two bounds, both inclusive.</summary>
    public static ConfigType<long> Integer(long min, long max = long.MaxValue) => new(
        (string text, out long value) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        value => value.ToString(CultureInfo.InvariantCulture),
        max == long.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $"an integer of at least {min}")
            : string.Create(CultureInfo.InvariantCulture, $"an integer from {min} to {max}"));

    /// <summary>A number between two bounds, both inclusive.</summary>
    public static ConfigType<double> Number(double min, double max) => new(
        (string text, out double value) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        value => value.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));

    /// <summary>One of a fixed set of words, case-sensitive.</summary>
    public static ConfigType<T> OneOf<T>(params (string Text, T Value)[] choices) => new(
        (string text, [MaybeNullWhen(false)] out T value) =>
        {
            foreach (var choice in choices)
            {
                if (choice.Text == text)
                {
                    value = choice.Value;
                    return true;
                }
            }

            value = default;
            return false;
        },
        value => choices.First(choice => EqualityComparer<T>.Default.Equals(choice.Value, value)).Text,
        (choices.Length > 1 ? "one of " : "") + string.Join(", ", choices.Select(choice => $"'{choice.Text}'")));

    /// <summary>One or both cleanup policies, separated by a comma.</summary>
    public static ConfigType<CleanupPolicy> CleanupPolicies { get; } = new(
        (string text, out CleanupPolicy value) =>
        {
            value = default;
            foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
            {
                switch (word)
                {
                    case "delete":
                        value |= CleanupPolicy.Delete;
                        break;
                    case "compact":
                        value |= CleanupPolicy.Compact;
                        break;
                    default:
                        return false;
                }
            }

            return true;
        },
        value => value switch
        {
            CleanupPolicy.Delete => "delete",
            CleanupPolicy.Compact => "compact",
            _ => "compact,delete",
        },
        "'delete', 'compact' or 'compact,delete'");
}

/// <summary>How old records are removed (<c>cleanup.policy</c>).</summary>
[Flags]
public enum CleanupPolicy
{
    /// <summary>Records are removed when the retention time or size is exceeded.</summary>
    Delete = 1,

    /// <summary>A record is removed when a newer one has the same key.</summary>
    Compact = 2,
}
