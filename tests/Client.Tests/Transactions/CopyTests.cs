using System.Diagnostics;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Transactions;

/// <summary>
/// A topic is copied to another one in transactions, while silos pause, lose storage, stop and die, the application fails, and instances freeze and come back
/// after others have taken over. A short run of a few rounds; with LOIRE_EXACTLY_ONCE=10m the same goes on for ten minutes.
/// </summary>
public sealed class CopyTests(ITestOutputHelper output)
{
    private const int Rounds = 3;

    [Fact]
    public async Task Whatever_happens_to_silos_and_instances_every_record_is_copied_once_and_in_order()
    {
        var seed = OptInRun.Seed();
        Say($"LOIRE_SEED={seed}");
        await using var run = new CopyRun(seed, Say);
        await run.BeginAsync();
        var (begun, duration) = (Stopwatch.GetTimestamp(), OptInRun.Duration("LOIRE_EXACTLY_ONCE"));
        while (run.Problems.IsEmpty && (run.Rounds < Rounds || Stopwatch.GetElapsedTime(begun) < duration))
        {
            await run.RoundAsync();
        }

        if (run.Problems.IsEmpty)
        {
            await run.EndAsync();
        }

        Say($"{run.Rounds} rounds: {run.Summary()}");
        Assert.Empty(run.Problems);
        Assert.True(run.CountOf("lists that failed") > 0, "The application has never failed.");

        void Say(string what)
        {
            output.WriteLine(what);

            // A long run shows where it is; the output of a test comes when it has ended.
            Console.Error.WriteLine(what);
        }
    }
}
