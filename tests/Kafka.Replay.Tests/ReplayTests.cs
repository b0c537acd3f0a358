using Loire.Kafka.Replay.Tests.Players;
using Loire.Kafka.Replay.Tests.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>Loire beside a real broker: the same requests are answered alike, but for the deviations that are listed with their reasons.</summary>
public sealed class ReplayTests(ReplayNode node) : IClassFixture<ReplayNode>
{
    public static TheoryData<string, string> Scenarios()
    {
        var scenarios = new TheoryData<string, string>();
        foreach (var (area, recorded) in Recording.Areas)
        {
            foreach (var scenario in recorded)
            {
                scenarios.Add(area, scenario!["scenario"]!.GetValue<string>());
            }
        }

        return scenarios;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Grains_answer_as_the_recorded_broker_did(string area, string name)
    {
        var scenario = Recording.Scenario(area, name);
        var answers = await new ScenarioPlayer(new GrainPlayer(node.Grains, node.Time)).PlayAsync(scenario);
        var (found, deviating) = (new List<string>(), new HashSet<string>());
        foreach (var (step, answer) in scenario.Items("steps").Zip(answers))
        {
            var differences = step["answer"] is null ? [] : Comparison.Differences(scenario, step.AsObject(), answer);
            var stepName = Recording.NameOf(step.AsObject());
            if (differences.Count > 0 && Recording.Deviations.Any(one => one.Scenario == name && one.Step == stepName))
            {
                deviating.Add(stepName);
            }
            else
            {
                found.AddRange(differences.Select(difference => $"{stepName}: {difference}"));
            }
        }

        // What does not deviate any more must go from the list.
        found.AddRange(Recording.Deviations.Where(one => one.Scenario == name && !one.IsRace && !deviating.Contains(one.Step))
            .Select(one => $"{one.Step}: is listed as a deviation, and is none"));
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
