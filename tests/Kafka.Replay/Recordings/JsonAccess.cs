using System.Globalization;
using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>Reads fields that a version of a message may lack.</summary>
internal static class JsonAccess
{
    public static string? Text(this JsonNode node, string name) => node[name]?.GetValue<string>();

    public static long Long(this JsonNode node, string name, long absent = -1) => node[name] is { } value ? Number(value) : absent;

    public static int Int(this JsonNode node, string name, int absent = -1) => node[name] is { } value ? (int)Number(value) : absent;

    public static bool Flag(this JsonNode node, string name) => node[name]?.GetValue<bool>() == true;

    /// <summary>The elements of an array; none if it is null.</summary>
    public static IEnumerable<JsonNode> Items(this JsonNode node, string name) => node[name]?.AsArray().Select(item => item!) ?? [];

    public static JsonArray ToJson(this IEnumerable<JsonNode?> nodes) => new([.. nodes]);

    // A field that came over the wire has the type that it has there.
    private static long Number(JsonNode value) => long.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
}
