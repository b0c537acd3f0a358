using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay;

/// <summary>
/// Plays a folder of recorded scenarios to a node of its own and writes what Loire answers in the same format. It prints each step that differs, and ends with 0 if all
/// that do are listed in <c>tests/kafka/deviations.json</c>, with 1 if others do, and with 2 if it cannot play.
/// </summary>
internal static class Program
{
    private const int Differ = 1;
    private const int CannotPlay = 2;

    private static readonly JsonSerializerOptions Written = new() { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static async Task<int> Main(string[] args)
    {
        if (args is not [var folder, var output])
        {
            await Console.Error.WriteLineAsync("usage: replay.sh FOLDER OUT");
            return CannotPlay;
        }

        try
        {
            return await PlayAsync(folder, Directory.CreateDirectory(output).FullName);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return CannotPlay;
        }
    }

    private static async Task<int> PlayAsync(string folder, string output)
    {
        var areas = Recording.ReadAreas(folder).ToList();
        foreach (var (name, _) in areas.Where(area => area.Scenarios is null && area.Name != "deviations"))
        {
            Console.WriteLine($"{name}.json holds no scenarios");
        }

        areas.RemoveAll(area => area.Scenarios is null);
        if (areas.Count == 0)
        {
            await Console.Error.WriteLineAsync($"{folder} has no file of scenarios");
            return CannotPlay;
        }

        await using var node = await ReplayNode.StartAsync(ReplayNode.TimeOf(areas.SelectMany(area => area.Scenarios!).Select(scenario => scenario!)));
        Console.WriteLine($"a node is at {node.Kafka}");
        Tally total = new();
        foreach (var (name, scenarios) in areas)
        {
            var (begun, played, tally) = (Stopwatch.GetTimestamp(), new JsonArray(), new Tally());
            foreach (var scenario in scenarios!.Select(one => one!.AsObject()))
            {
                using var wire = new WirePlayer(node.Kafka);
                var answered = await new ScenarioPlayer(wire).PlayAsync(scenario).WaitAsync(node.Stopping);
                played.Add(answered);
                tally += Compare(name, scenario, answered);
            }

            await File.WriteAllTextAsync(Path.Combine(output, $"{name}.json"), played.ToJsonString(Written), node.Stopping);
            Console.WriteLine($"{name}: {played.Count} scenarios, {tally}, in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
            total += tally;
        }

        Console.WriteLine($"{total}");
        return total.Differ == 0 ? 0 : Differ;
    }

    private static Tally Compare(string area, JsonObject recorded, JsonObject played)
    {
        var (steps, allowed, differ) = (0, 0, 0);
        foreach (var (step, differences) in ScenarioComparison.Steps(recorded, played))
        {
            steps++;
            if (differences.Count > 0 && Recording.Deviations.Any(one => (one.Scenario, one.Step) == (recorded.Text("scenario"), step)))
            {
                allowed++;
            }
            else if (differences.Count > 0)
            {
                differ++;
                Console.WriteLine($"{area}.json / {recorded.Text("scenario")} / {step}: {string.Join("; ", differences.Take(3))}");
            }
        }

        return new Tally(steps, allowed, differ);
    }

    private readonly record struct Tally(int Steps, int Allowed, int Differ)
    {
        public static Tally operator +(Tally a, Tally b) => new(a.Steps + b.Steps, a.Allowed + b.Allowed, a.Differ + b.Differ);

        public override string ToString() => $"{Steps} steps, {Differ} differ, {Allowed} deviate as listed";
    }
}
