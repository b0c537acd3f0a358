using Loire.Kafka.Replay.Tests.Players;
using Loire.Kafka.Replay.Tests.Recordings;
using Xunit.Abstractions;

namespace Loire.Kafka.Replay.Tests;

/// <summary>
/// Kafka's endpoint beside a real broker, over the wire: the scenarios of <c>tests/kafka/wire.txt</c>, a list that only grows, are answered alike but for the deviations that
/// are listed with their reasons. With <c>LOIRE_REPLAY=AREA</c> all of an area are played, and what differs is printed.
/// </summary>
public sealed class WireReplayTests(ReplayNode node, ITestOutputHelper output) : IClassFixture<ReplayNode>
{
    public static TheoryData<string, string> Served()
    {
        var scenarios = new TheoryData<string, string>();
        foreach (var (area, name) in Recording.Served)
        {
            scenarios.Add(area, name);
        }

        return scenarios;
    }

    [Theory]
    [MemberData(nameof(Served))]
    public async Task The_endpoint_answers_as_the_recorded_broker_did(string area, string name) => Assert.Empty(await PlayAsync(area, name));

    [AreaFact]
    public async Task All_of_an_area_is_answered_as_recorded()
    {
        var area = Environment.GetEnvironmentVariable("LOIRE_REPLAY")!;
        var (alike, total) = (0, 0);
        foreach (var scenario in Recording.Areas[area])
        {
            var name = scenario!.Text("scenario")!;
            var problems = await PlayAsync(area, name);
            (alike, total) = (alike + (problems.Count == 0 ? 1 : 0), total + 1);
            output.WriteLine(problems.Count == 0 ? $"{area}/{name}" : $"{area}/{name}\n    {string.Join("\n    ", problems)}");
        }

        output.WriteLine($"{alike} of {total} scenarios are answered alike");
        Assert.Equal(total, alike);
    }

    private async Task<IReadOnlyList<string>> PlayAsync(string area, string name)
    {
        var scenario = Recording.Scenario(area, name);
        await using var player = new WirePlayer(node.Kafka);
        try
        {
            return ScenarioComparison.Problems(scenario, await new ScenarioPlayer(player).PlayAsync(scenario), Recording.WireDeviations);
        }
        catch (Exception failure)
        {
            return [failure.ToString()];
        }
    }

    /// <summary>Runs only where <c>LOIRE_REPLAY</c> names an area.</summary>
    private sealed class AreaFactAttribute : FactAttribute
    {
        public AreaFactAttribute()
        {
            if (Environment.GetEnvironmentVariable("LOIRE_REPLAY") is not { Length: > 0 })
            {
                Skip = "LOIRE_REPLAY names no area";
            }
        }
    }
}
