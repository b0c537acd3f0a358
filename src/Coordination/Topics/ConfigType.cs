using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>Parses, validates and formats the values of a configuration.</summary>
/// <typeparam name="T">The type of a value.</typeparam>
/// <param name="type">The type as Kafka's protocol names it.</param>
/// <param name="parse">Parses a value; false if it is invalid.</param>
/// <param name="format">Formats a value in its canonical form.</param>
/// <param name="allowed">The allowed values, completing the sentence "it must be ...".</param>
public sealed class ConfigType<T>(ConfigValueType type, ConfigType<T>.Parser parse, Func<T, string> format, string allowed)
{
    /// <summary>Parses a value; false if it is invalid or not allowed.</summary>
    public delegate bool Parser(string text, [MaybeNullWhen(false)] out T value);

    /// <summary>The type as Kafka's protocol names it.</summary>
    public ConfigValueType Type { get; } = type;

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
    /// <summary>Characters of a list of replicas. A record in the topic's journal holds at most twice as many.</summary>
    public const int ReplicaListLength = 32 * 1024;

    /// <summary><c>true</c> or <c>false</c>, in any case.</summary>
    public static ConfigType<bool> Boolean { get; } = new(
        ConfigValueType.Boolean, (string text, out bool value) => bool.TryParse(text, out value), value => value ? "true" : "false",
        "'true' or 'false'");

    /// <summary>The level of gzip.</summary>
    public static ConfigType<int> GzipLevel { get; } = new(
        ConfigValueType.Int,
        (string text, out int value) => Int(-1, 9).TryParse(text, out value) && value != 0,
        value => value.ToString(CultureInfo.InvariantCulture),
        "-1 or an integer from 1 to 9");

    /// <summary>
    /// The replicas to which a throttle applies: <c>*</c> for all of them, or pairs of partition and broker. Kept as text, since Loire does not
    /// act on it.
    /// </summary>
    public static ConfigType<string> ReplicaList { get; } = new(
        ConfigValueType.List,
        (string text, [MaybeNullWhen(false)] out string value) =>
        {
            value = string.Join(',', text.Split(',', StringSplitOptions.TrimEntries));
            return value is "" or "*" || (value.Length <= ReplicaListLength && value.Split(',').All(IsReplica));
        },
        value => value,
        string.Create(
            CultureInfo.InvariantCulture,
            $"'*' or a list of PARTITION:BROKER pairs, such as '0:1,1:2', of at most {ReplicaListLength} characters"));

    /// <summary>An integer of 32 bits between two bounds, both inclusive.</summary>
    public static ConfigType<int> Int(int min, int max = int.MaxValue) => Integer(ConfigValueType.Int, min, max);

    /// <summary>An integer of 64 bits between two bounds, both inclusive.</summary>
    public static ConfigType<long> Long(long min = long.MinValue, long max = long.MaxValue) => Integer(ConfigValueType.Long, min, max);

    /// <summary>A number between two bounds, both inclusive.</summary>
    public static ConfigType<double> Number(double min, double max) => new(
        ConfigValueType.Double,
        (string text, out double value) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        value => value.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));

    /// <summary>One of a fixed set of words, case-sensitive.</summary>
    public static ConfigType<T> OneOf<T>(params (string Text, T Value)[] choices) => new(
        ConfigValueType.String, (string text, [MaybeNullWhen(false)] out T value) => TryFind(choices, text, out value),
        value => Format(choices, value), "one of " + Words(choices));

    /// <summary>Any of a fixed set of words, each at most once, separated by commas; their order is kept.</summary>
    public static ConfigType<ImmutableArray<T>> ListOf<T>(params (string Text, T Value)[] choices) => new(
        ConfigValueType.List,
        (string text, out ImmutableArray<T> value) =>
        {
            value = [];
            if (text.Length == 0)
            {
                return true;
            }

            foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
            {
                if (!TryFind(choices, word, out var item) || value.Contains(item))
                {
                    return false;
                }

                value = value.Add(item);
            }

            return true;
        },
        value => string.Join(',', value.Select(item => Format(choices, item))),
        $"a list of {Words(choices)}, each at most once, separated by commas");

    private static ConfigType<T> Integer<T>(ConfigValueType type, T min, T max)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> => new(
        type,
        (string text, out T value) =>
            T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        value => value.ToString(null, CultureInfo.InvariantCulture),
        max < T.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"an integer from {min} to {max}")
            : min > T.MinValue ? string.Create(CultureInfo.InvariantCulture, $"an integer of at least {min}")
            : "an integer");

    private static bool TryFind<T>((string Text, T Value)[] choices, string text, [MaybeNullWhen(false)] out T value)
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
    }

    private static string Format<T>((string Text, T Value)[] choices, T value) =>
        choices.First(choice => EqualityComparer<T>.Default.Equals(choice.Value, value)).Text;

    private static string Words<T>((string Text, T Value)[] choices) => string.Join(", ", choices.Select(choice => $"'{choice.Text}'"));

    private static bool IsReplica(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && colon < text.Length - 1 && text.Where((_, at) => at != colon).All(char.IsAsciiDigit);
    }
}

/// <summary>How old records are removed (<c>cleanup.policy</c>).</summary>
public enum CleanupPolicy
{
    /// <summary>Records are removed when the retention time or size is exceeded.</summary>
    Delete,

    /// <summary>A record is removed when a newer one has the same key.</summary>
    Compact,
}
