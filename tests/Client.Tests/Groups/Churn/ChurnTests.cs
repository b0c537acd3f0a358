using System.Diagnostics;
using Loire.Grains.Tests.Clusters;
using Loire.TestKit;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>
/// Five groups over three topics on several silos while everything changes that can. A short run of a few rounds; with LOIRE_CHURN=10m the
/// same goes on for ten minutes.
/// </summary>
public sealed class ChurnTests(ITestOutputHelper output)
{
    private const int Rounds = 6;

    [Fact]
    public async Task Whatever_happens_to_members_topics_and_silos_groups_keep_their_promises()
    {
        var seed = OptInRun.Seed();
        output.WriteLine($"LOIRE_SEED={seed}");
        await using var cluster = await SharedStore.DeployAsync(3, new LossyGrainStorage(), options =>
            options.Groups.Members = options.Groups.Members with { SessionTimeoutMin = TimeSpan.FromSeconds(1) });
        await using var run = new ChurnRun(cluster, seed);
        await run.BeginAsync();
        var (begun, duration) = (Stopwatch.GetTimestamp(), OptInRun.Duration("LOIRE_CHURN"));
        while (run.History.Problems.Count == 0 && (run.Rounds < Rounds || Stopwatch.GetElapsedTime(begun) < duration))
        {
            await run.RoundAsync();
        }

        if (run.History.Problems.Count == 0)
        {
            await run.EndAsync();
        }

        output.WriteLine($"{run.Rounds} rounds: {run.History.Summary()}");
        foreach (var line in run.History.BeforeProblem)
        {
            output.WriteLine(line);
        }

        Assert.Empty(run.History.Problems);
        Assert.True(run.History.CountOf("partitions lost") + run.History.CountOf("partitions revoked") > 0, "Nothing has moved.");
    }
}
