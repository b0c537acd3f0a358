using Loire.Kafka.Replay.Tests.Players;
using Loire.Kafka.Replay.Tests.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>Loire beside a real broker: the same requests are answered alike, but for the deviations that are listed with their reasons.</summary>
public sealed class ReplayTests(ReplayNode node) : IClassFixture<ReplayNode>
{
    // The areas whose rules the grains have by themselves; the others are rules of the endpoint.
    private static readonly string[] OfGrains = ["groups-classic", "idempotence", "offsets", "transactions"];

    public static TheoryData<string, string> Scenarios()
    {
        var scenarios = new TheoryData<string, string>();
        foreach (var (area, recorded) in Recording.Areas.Where(area => OfGrains.Contains(area.Key)))
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
        Assert.Empty(ScenarioComparison.Problems(scenario, answers, Recording.Deviations));
    }
}
