using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>The recordings, and the rule by which answers are compared with them.</summary>
public sealed class RecordingTests
{
    [Fact]
    public void Every_deviation_is_of_a_recorded_step_and_has_a_reason()
    {
        var recorded = Recording.Areas.Values.SelectMany(area => area)
            .SelectMany(scenario => scenario!.Items("steps").Select(step => (scenario!.Text("scenario"), RecordedStep.NameOf(step))))
            .ToHashSet();
        Assert.All(Recording.Deviations, one => Assert.Contains((one.Scenario, one.Step), recorded));
        Assert.All(Recording.Deviations, one => Assert.NotEqual("", one.Reason));
    }

    [Fact]
    public void Every_recorded_answer_is_like_itself()
    {
        foreach (var scenario in Recording.Areas.Values.SelectMany(area => area).Select(scenario => scenario!.AsObject()))
        {
            Assert.All(
                scenario.Items("steps").Where(step => step["answer"] is not null),
                step => Assert.Empty(Comparison.Differences(scenario, step.AsObject(), step["answer"])));
        }
    }

    [Theory]
    [InlineData("""{"errorCode": 0, "offset": 4}""", """{"errorCode": 0, "offset": 4, "more": 1}""", "", "what only the answer has does not count")]
    [InlineData("""{"errorCode": 0, "offset": 4}""", """{"errorCode": 0}""", ".offset missing", "a field is missing")]
    [InlineData("""{"errorCode": 0, "offset": 4}""", """{"errorCode": 0, "offset": 5}""", "offset: 5 instead of 4", "a value is another one")]
    [InlineData("""{"errorCode": 45, "offset": 4}""", """{"errorCode": 45, "offset": 5}""", "", "with an error nothing else is read")]
    [InlineData("""{"errorCode": 45}""", """{"errorCode": 46}""", "errorCode: 46 instead of 45", "another error")]
    [InlineData("""{"producerId": 4}""", """{"producerId": 7}""", "", "an id is any id")]
    [InlineData("""{"producerId": 4}""", """{"producerId": -1}""", "producerId: -1 instead of 4", "no id instead of one")]
    [InlineData("""{"topics": [{"name": "a"}, {"name": "b"}]}""", """{"topics": [{"name": "b"}, {"name": "a"}]}""", "", "topics in another order")]
    [InlineData("""{"topics": [{"name": "a"}]}""", """{"topics": []}""", "topics: 0 instead of 1", "a topic less")]
    [InlineData("""{"host": "a"}""", """{"host": "b"}""", "", "addresses do not count")]
    public void An_answer_differs_in_what_clients_act_on(string recorded, string answer, string expected, string reason)
    {
        var step = new JsonObject { ["api"] = "Some", ["answer"] = JsonNode.Parse(recorded) };
        Assert.True(expected == string.Join('\n', Comparison.Differences([], step, JsonNode.Parse(answer))), reason);
    }
}
