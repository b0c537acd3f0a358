using System.Text.RegularExpressions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;
using Loire.Kafka.Replay.Tests.Captures;
using Loire.Kafka.TestKit;
using Xunit.Abstractions;

namespace Loire.Kafka.Replay.Tests;

/// <summary>What eleven clients sent to a real broker, sent to Loire in the same order: each request gets the recorded error codes.</summary>
public sealed class CaptureReplayTests(NodeFixture node, ITestOutputHelper output) : IClassFixture<NodeFixture>
{
    /// <summary>Where a code is another one: capture, difference and reason.</summary>
    private static readonly (string Capture, string Difference, string Reason)[] Deviations =
    [
        ("kcat", @"^Metadata 4 .*\.topics\.kcat: 0 instead of 3$", "A topic that is created for the request is in its answer."),
        ("kcat", "^InitProducerId 4 .*: 0 instead of 14$", "A coordinator need not be loaded before it answers."),
        ("kcat", "^FindCoordinator 2 .*: 0 instead of 15$", "The coordinator of the first group need not be made before it is found."),
        ("franz-go", @"^DescribeProducers 0 .*\.topics\.(__transaction_state|plt|kcat|py-tx)\..*: 3 instead of 0$", "The topics of other clients."),
        ("sarama", @"^DescribeConfigs 4 .*\.results\.(__transaction_state|plt|py-tx): 3 instead of 0$", "The topics of other clients."),
    ];

    public static TheoryData<string> Captures() => [.. RecordedFrames.CaptureFiles];

    [Theory]
    [MemberData(nameof(Captures))]
    public async Task A_client_gets_the_recorded_error_codes(string capture)
    {
        using var wire = new WirePlayer(node.Kafka);
        var listed = (await wire.AskAsync("", "ApiVersions", 0, [])).Items("apiKeys")
            .ToDictionary(api => (ApiKey)api.Int("apiKey"), api => ((short)api.Int("minVersion"), (short)api.Int("maxVersion")));
        var result = await new CapturePlayer(wire, listed).PlayAsync(RecordedFrames.Lines(capture));
        output.WriteLine($"{result.Played} requests, {result.Codes} codes");
        output.WriteLine($"not listed: {string.Join(", ", result.NotListed.CountBy(one => one))}");
        output.WriteLine($"in an older version: {string.Join(", ", result.InOlderVersion.CountBy(one => one))}");
        Assert.Empty(result.NotListed);
        Assert.InRange(result.Codes, result.Played, int.MaxValue);
        var differences = result.Differences.Where(difference => !Deviations.Any(one =>
            capture.Contains(one.Capture, StringComparison.Ordinal) && Regex.IsMatch(difference, one.Difference)));
        Assert.True(!differences.Any(), string.Join(Environment.NewLine, differences));
    }
}
