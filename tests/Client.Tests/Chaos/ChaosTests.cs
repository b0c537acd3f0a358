using System.Diagnostics;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Chaos;

/// <summary>
/// Clients of three silos that pause, lose storage, stop, die, and go on after they were declared dead. A short run of a few rounds; with LOIRE_CHAOS=10m
/// the same goes on for ten minutes.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Rounds = 4;

    [Fact]
    public async Task Whatever_happens_to_silos_clients_see_one_log_and_nothing_is_left_in_the_end()
    {
        var seed = OptInRun.Seed();
        Say($"LOIRE_SEED={seed}");
        await using var run = new ChaosRun(seed, Say);
        await run.BeginAsync();
        var (begun, duration) = (Stopwatch.GetTimestamp(), OptInRun.Duration("LOIRE_CHAOS"));
        while (run.History.Problems.IsEmpty && (run.Rounds < Rounds || Stopwatch.GetElapsedTime(begun) < duration))
        {
            await run.RoundAsync();
        }

        if (run.History.Problems.IsEmpty)
        {
            await run.EndAsync();
        }

        Say($"{run.Rounds} rounds: {run.History.Summary()}");
        Assert.Empty(run.History.Problems);
        Assert.True(run.History.CountOf("lookups") > 0 && run.History.CountOf("topics deleted") > 0, "Nothing was compared.");

        void Say(string what)
        {
            output.WriteLine(what);

            // A long run shows where it is; the output of a test comes when it has ended.
            Console.Error.WriteLine(what);
        }
    }
}
