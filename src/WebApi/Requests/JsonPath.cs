using System.Globalization;
using System.Text.Json.Serialization.Metadata;

namespace Loire.WebApi.Requests;

/// <summary>Names what a place in a JSON document must hold, from the types that the document is read into.</summary>
internal static class JsonPath
{
    /// <summary>What must stand at a path such as <c>$.topics[0].partitions</c>, as the end of a sentence; null if no type says.</summary>
    public static string? Expected(JsonTypeInfo root, string? path) =>
        path is ['$', .. var rest] && Find(root, rest) is { } found ? Describe(found) : null;

    private static JsonTypeInfo? Find(JsonTypeInfo root, string path)
    {
        var at = root;
        while (path.Length > 0)
        {
            var isIndex = path[0] == '[' && path is not ['[', '\'', ..];
            var isQuoted = path[0] == '[' && !isIndex;
            var end = isIndex ? path.IndexOf(']', StringComparison.Ordinal) + 1
                : isQuoted ? path.IndexOf("']", StringComparison.Ordinal) + 2
                : path.AsSpan(1).IndexOfAny('.', '[') is >= 0 and var next ? next + 1
                : path.Length;
            var name = isQuoted ? path[2..(end - 2)] : path[1..end];
            var type = isIndex ? at.ElementType : at.Properties.FirstOrDefault(property => property.Name == name)?.PropertyType;
            if (type is null)
            {
                return null;
            }

            at = at.Options.GetTypeInfo(type);
            path = path[end..];
        }

        return at;
    }

    private static string? Describe(JsonTypeInfo type)
    {
        var plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        return plain.IsEnum ? string.Join(" or ", Enum.GetNames(plain))
            : plain == typeof(string) ? "text"
            : plain == typeof(bool) ? "true or false"
            : plain == typeof(short) ? Number(short.MaxValue)
            : plain == typeof(int) ? Number(int.MaxValue)
            : plain == typeof(long) ? Number(long.MaxValue)
            : type.Kind == JsonTypeInfoKind.Enumerable ? "an array"
            : type.Kind == JsonTypeInfoKind.Object ? "an object"
            : null;
    }

    private static string Number(long max) => string.Create(CultureInfo.InvariantCulture, $"a whole number up to {max}");
}
