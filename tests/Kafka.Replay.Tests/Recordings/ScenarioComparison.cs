using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Tests.Recordings;

/// <summary>Holds the answers of a whole scenario against the recorded ones.</summary>
internal static class ScenarioComparison
{
    /// <summary>What differs, but for the deviations that are listed; and deviations that are listed and are none.</summary>
    public static IReadOnlyList<string> Problems(JsonObject scenario, IReadOnlyList<JsonNode?> answers, IEnumerable<Deviation> deviations)
    {
        var name = scenario.Text("scenario");
        var (listed, found, deviating) = (deviations.Where(one => one.Scenario == name).ToList(), new List<string>(), new HashSet<string>());
        foreach (var (step, answer) in scenario.Items("steps").Zip(answers))
        {
            var differences = step["answer"] is null ? [] : Comparison.Differences(scenario, step.AsObject(), answer);
            var stepName = Recording.NameOf(step.AsObject());
            if (differences.Count > 0 && listed.Any(one => one.Step == stepName))
            {
                deviating.Add(stepName);
            }
            else
            {
                found.AddRange(differences.Select(difference => $"{stepName}: {difference}"));
            }
        }

        // What does not deviate any more must go from the list.
        found.AddRange(listed.Where(one => !one.IsRace && !deviating.Contains(one.Step)).Select(one => $"{one.Step}: is listed as a deviation, and is none"));
        return found;
    }
}
