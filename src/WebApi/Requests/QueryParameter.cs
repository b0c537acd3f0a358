using System.Globalization;
using Loire.Model;
using Microsoft.OpenApi;

namespace Loire.WebApi.Requests;

/// <summary>A query parameter: declared once, it is read, checked and documented from the same lines.</summary>
internal abstract class QueryParameter(string name, string description, OpenApiSchema schema)
{
    public string Name => name;

    public string Description => description;

    public OpenApiSchema Schema => schema;

    /// <summary>A whole number within a range; <paramref name="fallback"/> where it is absent.</summary>
    public static QueryParameter<long> Number(string name, long min, long max, long fallback, string description) => new(
        name,
        description,
        new OpenApiSchema
        {
            Type = JsonSchemaType.Integer,
            Format = "int64",
            Minimum = min.ToString(CultureInfo.InvariantCulture),
            Maximum = max.ToString(CultureInfo.InvariantCulture),
        },
        fallback,
        (string text, out long value) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}"));

    /// <summary>Text of bounded length; empty where it is absent.</summary>
    public static QueryParameter<string?> Text(string name, int maxLength, string description) => new(
        name,
        description,
        new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = maxLength },
        null,
        (string text, out string? value) => (value = text).Length <= maxLength ? null : $"must have at most {maxLength} characters");

    /// <summary><c>true</c> or <c>false</c>; false where it is absent.</summary>
    public static QueryParameter<bool> Flag(string name, string description) => new(
        name,
        description,
        new OpenApiSchema { Type = JsonSchemaType.Boolean },
        false,
        (string text, out bool value) => bool.TryParse(text, out value) ? null : "must be true or false");

    /// <summary>One of a few words; the first one where it is absent.</summary>
    public static QueryParameter<T> Choice<T>(string name, string description, params (string Word, T Value)[] choices) => new(
        name,
        description,
        new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. choices.Select(choice => System.Text.Json.Nodes.JsonValue.Create(choice.Word)!)] },
        choices[0].Value,
        (string text, out T value) =>
        {
            foreach (var choice in choices)
            {
                if (choice.Word == text)
                {
                    value = choice.Value;
                    return null;
                }
            }

            value = choices[0].Value;
            return $"must be one of {string.Join(", ", choices.Select(choice => choice.Word))}";
        });

    /// <summary>A time to search from, as milliseconds since 1970 or in ISO 8601; <see cref="Timestamp.None"/> where it is absent.</summary>
    public static QueryParameter<Timestamp> Moment(string name, string description) => new(
        name,
        description,
        new OpenApiSchema { Type = JsonSchemaType.String },
        Timestamp.None,
        (string text, out Timestamp value) =>
        {
            value = SearchTime.TryParse(text, out var time) ? time.Timestamp : Timestamp.None;
            return SearchTime.FindProblem(text);
        });

    /// <summary>A position in a log.</summary>
    public static QueryParameter<OffsetSpec?> Place(string name, string description) => new(
        name,
        description,
        new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^(earliest|latest|[0-9]+)$" },
        null,
        (string text, out OffsetSpec? value) =>
        {
            value = OffsetSpec.TryParse(text, out var spec) && spec.IsPosition ? spec : null;
            return value is null ? $"must be earliest, latest or an offset (a whole number from 0 to {long.MaxValue})" : null;
        });
}

/// <summary>Reads the text of a parameter.</summary>
/// <returns>What the text must be, if it is not; null if it is.</returns>
internal delegate string? QueryParser<T>(string text, out T value);

/// <inheritdoc/>
internal sealed class QueryParameter<T>(string name, string description, OpenApiSchema schema, T fallback, QueryParser<T> parse)
    : QueryParameter(name, description, schema)
{
    public T Fallback => fallback;

    public string? TryParse(string text, out T value) => parse(text, out value);
}
