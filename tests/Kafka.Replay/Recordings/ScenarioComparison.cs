using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>Holds a scenario that was played against the recorded one.</summary>
internal static class ScenarioComparison
{
    /// <summary>How much earlier an answer may come than recorded: a fifth, and some milliseconds.</summary>
    private const double LeastTime = 0.8;
    private const int EarlyMs = 50;
    private const int LateMs = 1_500;

    /// <summary>What differs, but for the deviations that are listed; and deviations that are listed and are none.</summary>
    public static IReadOnlyList<string> Problems(JsonObject recorded, JsonObject played, IEnumerable<Deviation> deviations)
    {
        var name = recorded.Text("scenario");
        var (listed, found, deviating) = (deviations.Where(one => one.Scenario == name).ToList(), new List<string>(), new HashSet<string>());
        foreach (var (step, differences) in Steps(recorded, played))
        {
            if (differences.Count > 0 && listed.Any(one => one.Step == step))
            {
                deviating.Add(step);
            }
            else if (differences.Count > 0)
            {
                found.Add($"{step}: {string.Join("; ", differences)}");
            }
        }

        // What does not deviate any more must go from the list. A name may be that of scenarios in several areas.
        found.AddRange(listed.Where(one => !one.IsRace && !deviating.Contains(one.Step)).Select(one => $"{one.Step}: is listed as a deviation, and is none"));
        return found;
    }

    /// <summary>The steps with a recorded answer, and how each differs.</summary>
    public static IEnumerable<(string Step, IReadOnlyList<string> Differences)> Steps(JsonObject recorded, JsonObject played)
    {
        JsonObject[] others = [.. played.Items("steps").Select(step => step.AsObject())];
        foreach (var (index, step) in recorded.Items("steps").Index())
        {
            if (step.AsObject().ContainsKey("answer"))
            {
                yield return (RecordedStep.NameOf(step), [.. Differences(recorded, step.AsObject(), index < others.Length ? others[index] : [])]);
            }
        }
    }

    private static IEnumerable<string> Differences(JsonObject scenario, JsonObject recorded, JsonObject played)
    {
        foreach (var difference in Comparison.Differences(scenario, recorded, played["answer"]))
        {
            yield return difference;
        }

        if (recorded["answeredAfterMs"] is not null)
        {
            var (expected, got) = (recorded.Long("answeredAfterMs"), played.Long("answeredAfterMs"));
            if (got < 0 || got < (LeastTime * expected) - EarlyMs || got > expected + LateMs)
            {
                yield return $"after {got} instead of {expected} ms";
            }
        }

        if (recorded.ContainsKey("cameBefore") != played.ContainsKey("cameBefore"))
        {
            yield return "came in another order";
        }
    }
}
