using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>Kafka's endpoint beside a real broker: the same requests are answered alike, but for the deviations that are listed with their reasons.</summary>
public sealed class ReplayTests(PlayedScenarios played) : IClassFixture<PlayedScenarios>
{
    public static TheoryData<string, string> Scenarios()
    {
        var scenarios = new TheoryData<string, string>();
        foreach (var (area, recorded) in Recording.Areas)
        {
            foreach (var scenario in recorded)
            {
                scenarios.Add(area, scenario!.Text("scenario")!);
            }
        }

        return scenarios;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task The_endpoint_answers_as_the_recorded_broker_did(string area, string name)
    {
        var scenario = Recording.Scenario(area, name);
        Assert.Empty(ScenarioComparison.Problems(scenario, await played.OfAsync(scenario), Recording.Deviations));
    }
}
