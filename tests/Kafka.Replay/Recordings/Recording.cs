using System.Text.Json;
using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>
/// A folder with scenarios that were played to a real broker, a file for each area; <c>tests/kafka</c> is one, and holds the steps as well in which Loire answers
/// otherwise on purpose.
/// </summary>
internal static class Recording
{
    /// <summary>The copy of <c>tests/kafka</c> beside this program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "kafka");

    /// <summary>The scenarios of <see cref="Folder"/>, by their areas.</summary>
    public static IReadOnlyDictionary<string, JsonArray> Areas { get; } =
        ReadAreas(Folder).Where(area => area.Scenarios is not null).ToDictionary(area => area.Name, area => area.Scenarios!);

    /// <summary>What is answered otherwise.</summary>
    public static IReadOnlyList<Deviation> Deviations { get; } = [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "deviations.json")))!.AsArray()
        .Select(one => new Deviation(one!.Text("scenario")!, one!.Text("step")!, one!.Text("reason")!, one!.Flag("sometimes")))];

    /// <summary>Reads the scenarios of a folder.</summary>
    /// <returns>The name of each file of JSON without its end, in the order of their names, and its scenarios; null for a file that holds none.</returns>
    public static IEnumerable<(string Name, JsonArray? Scenarios)> ReadAreas(string folder) => Directory.EnumerateFiles(folder, "*.json")
        .Order(StringComparer.Ordinal)
        .Select(file => (Path.GetFileNameWithoutExtension(file), ReadScenarios(file)));

    public static JsonObject Scenario(string area, string name) => Areas[area].Single(scenario => scenario!.Text("scenario") == name)!.AsObject();

    private static JsonArray? ReadScenarios(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file)) is JsonArray { Count: > 0 } items && items.All(IsScenario) ? items : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsScenario(JsonNode? node) =>
        node is JsonObject && node["scenario"] is JsonValue && node["steps"] is JsonArray steps && steps.All(step => step is JsonObject);
}

/// <summary>A step that Loire answers otherwise.</summary>
/// <param name="Scenario">The name of the scenario.</param>
/// <param name="Step">The name of the step; all steps of that name are meant.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsRace">Whether it may be answered like the recording as well.</param>
internal sealed record Deviation(string Scenario, string Step, string Reason, bool IsRace);
