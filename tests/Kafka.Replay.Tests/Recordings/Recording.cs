using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Tests.Recordings;

/// <summary>
/// The scenarios in <c>tests/kafka</c>, played to a real broker, and the steps in which Loire answers otherwise on purpose. A file of scenarios is named
/// for its area.
/// </summary>
internal static class Recording
{
    private const string DeviationsFile = "deviations.json";
    private const string WireDeviationsFile = "wire-deviations.json";

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "kafka");

    /// <summary>The scenarios of each area, in the order in which they were played.</summary>
    public static IReadOnlyDictionary<string, JsonArray> Areas { get; } = Directory.EnumerateFiles(Folder, "*.json")
        .Where(file => Path.GetFileName(file) is not (DeviationsFile or WireDeviationsFile))
        .Order(StringComparer.Ordinal)
        .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => Read(Path.GetFileName(file)));

    /// <summary>What grains answer otherwise.</summary>
    public static IReadOnlyList<Deviation> Deviations { get; } = ReadDeviations(DeviationsFile);

    /// <summary>What the endpoint answers otherwise.</summary>
    public static IReadOnlyList<Deviation> WireDeviations { get; } = ReadDeviations(WireDeviationsFile);

    /// <summary>The scenarios that the endpoint serves: area and name.</summary>
    public static IEnumerable<(string Area, string Name)> Served { get; } =
        [.. File.ReadLines(Path.Combine(Folder, "wire.txt")).Where(line => line.Length > 0).Select(line => (line[..line.IndexOf('/')], line[(line.IndexOf('/') + 1)..]))];

    public static JsonObject Scenario(string area, string name) =>
        Areas[area].Single(scenario => scenario!["scenario"]!.GetValue<string>() == name)!.AsObject();

    /// <summary>The name by which others refer to a step: its own, or that of the step whose answer it takes.</summary>
    public static string NameOf(JsonObject step) => step.Text("step") ?? step.Text("await") ?? "raw";

    private static Deviation[] ReadDeviations(string file) => [.. Read(file).Select(one => new Deviation(
        one!["scenario"]!.GetValue<string>(), one["step"]!.GetValue<string>(), one["reason"]!.GetValue<string>(), one["sometimes"] is not null))];

    private static JsonArray Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, file)))!.AsArray();
}

/// <summary>A step that Loire answers otherwise.</summary>
/// <param name="Scenario">The name of the scenario.</param>
/// <param name="Step">The name of the step; all steps of that name are meant.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsRace">Whether it may be answered like the recording as well.</param>
internal sealed record Deviation(string Scenario, string Step, string Reason, bool IsRace);
