using System.Buffers.Text;
using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Tests.Messages;

/// <summary>Generated objects as the JSON of the vectors.</summary>
internal static class ObjectJson
{
    /// <summary>A message with all fields at their defaults.</summary>
    public static IKafkaMessage New(string name) =>
        (IKafkaMessage)Activator.CreateInstance(typeof(KafkaApi).Assembly.GetType($"Loire.Kafka.Protocol.Messages.{name}", throwOnError: true)!)!;

    /// <summary>
    /// Compares an object with JSON. What JSON leaves out must be as in a new object, since the version does not have it or it was at its default.
    /// </summary>
    /// <returns>The first difference; null if there is none.</returns>
    public static string? Difference(object actual, JsonObject expected, string path = "")
    {
        var untouched = Activator.CreateInstance(actual.GetType())!;
        var properties = actual.GetType().GetProperties().ToDictionary(property => property.Name);
        foreach (var (name, value) in expected)
        {
            // Captures tell only the size of records.
            var wanted = name == "recordsSizeInBytes" ? "Records" : Pascal(name);
            if (!properties.Remove(wanted, out var property))
            {
                return $"{path}.{name} is not a field";
            }

            var difference = name == "recordsSizeInBytes"
                ? ((RecordBytes)property.GetValue(actual)!).Length == value!.GetValue<long>() ? null : $"{path}.{name}"
                : ValueDifference(property.GetValue(actual), value, $"{path}.{name}");
            if (difference is not null)
            {
                return difference;
            }
        }

        return properties.Values.Select(property => IsSame(property.GetValue(actual), property.GetValue(untouched)) ? null : $"{path}.{property.Name} was set")
            .FirstOrDefault(difference => difference is not null);
    }

    private static string? ValueDifference(object? actual, JsonNode? expected, string path)
    {
        switch (actual, expected)
        {
            case (IEnumerable items, JsonArray array) when actual is not string:
                object?[] all = [.. items.Cast<object?>()];
                return all.Length != array.Count ? $"{path} has {all.Length} elements"
                    : all.Zip(array).Select((pair, i) => ValueDifference(pair.First, pair.Second, $"{path}[{i}]")).FirstOrDefault(found => found is not null);
            case (IKafkaMessage one, JsonObject fields):
                return Difference(one, fields, path);
            default:
                var text = Text(actual);
                return text == expected?.ToString() ? null : $"{path} is {text ?? "null"}";
        }
    }

    private static bool IsSame(object? one, object? other) => (one, other) switch
    {
        (Array { Length: 0 }, Array { Length: 0 }) => true,
        _ => Text(one) == Text(other),
    };

    private static string? Text(object? value) => value switch
    {
        null or RecordBytes { IsNull: true } => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        double number => number.ToString(CultureInfo.InvariantCulture),
        Guid id => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true)),
        RecordBytes records => Convert.ToBase64String(records.ToMemory().Span),
        ReadOnlyMemory<byte> bytes => Convert.ToBase64String(bytes.Span),
        Enum code => Convert.ToInt64(code, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.GetType().Name,
    };

    private static string Pascal(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
